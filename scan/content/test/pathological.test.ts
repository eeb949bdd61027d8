import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createSite, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import type { Finding } from "../../findings.ts";
import { commandLine, run } from "../../test/command.ts";

const many = (text: string, times: number) => text.repeat(times);
const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("");
const shown = (name: string) => `\n\n![*p*](${name}.jpg)\n`;

const DEEP = "too deeply nested (limit 100)";
const UNCLOSED = "too many unclosed brackets (limit 1000 in a paragraph)";

/** Pages that stopped a parser for seconds or minutes, or crashed it; and the finding for each. */
const refused: Readonly<Record<string, readonly [text: string, finding: string]>> = {
  quotes: [`${many("> ", 10_000)}![](a.jpg)`, DEEP],
  items: [`${many("- ", 10_000)}![](a.jpg)`, DEEP],
  both: [`${many("> 1. ", 5000)}![](a.jpg)`, DEEP],
  terms: [`a\n${many(": ", 10_000)}![](a.jpg)`, DEEP],
  notes: [`${many("[^a]: ", 10_000)}![](a.jpg)`, DEEP],
  indented: [`${lines(300, (at) => `${many("  ", at)}- a\n`)}![](a.jpg)`, DEEP],
  comments: [`${many("x <!-- ", 50_000)}![](a.jpg)`, UNCLOSED],
  images: [many("![a](", 50_000), UNCLOSED],
  brackets: [`${many("[", 50_000)}![](a.jpg)`, UNCLOSED],
  ends: [`${many("]", 50_000)}![](a.jpg)`, UNCLOSED],
  shortcodes: [`a\n${many("{{< a ", 20_000)}![](a.jpg)`, UNCLOSED],
  tags: [`a\n${many("{{< a >}}", 30_000)}`, "too many shortcodes (limit 20000)"],
  parameters: [`a\n{{< a ${many("b ", 30_000)} >}}`, "too many parameters of a shortcode (limit 20000)"],
  footnotes: [
    lines(10_000, (at) => `a[^${at}]\n\n[^${at}]: ![](a.jpg)\n\n`),
    "too many footnotes (limit 1000)",
  ],
  nested: [`${many("![", 3000)}a${many("](b.jpg)", 3000)}`, "takes too long to read (limit 1 s)"],
  yaml: [`---\na: ${many("[", 50_000)}\n---\n`, `the front matter is ${DEEP}`],
  dashes: [`---\na:\n  ${many("- ", 10_000)}x\n---\n`, `the front matter is ${DEEP}`],
  toml: [`+++\na = ${many("[", 5000)}${many("]", 5000)}\n+++\n`, `the front matter is ${DEEP}`],
  json: [`{"a":${many("[", 5000)}${many("]", 5000)}}\n`, `the front matter is ${DEEP}`],
  long: [`---\na: "${many("x", 200_000)}"\n---\n`, "the front matter is too long (limit 131072 characters)"],
};

/** Pages that are odd or long, and are read completely. */
const complete: Readonly<Record<string, string>> = {
  spaces: `---\ntitle: a${many(" ", 50_000)}b\ntags: [a${many(" ", 50_000)}b]\n---${many(" ", 100_000)}${shown("spaces")}`,
  glob: `---\ncascade:\n  target: {path: "${many("**a", 12)}"}\n  draft: true\n---${shown("glob")}`,
  parentheses: `${many("](", 400)}${shown("parentheses")}`,
  paragraphs: `${lines(400, () => "Some *words* of a long page.\n![*a*](a.jpg)\n\n")}${shown("paragraphs")}[a]: b`,
  gallery: lines(20_000, () => "- ![a b](gallery.jpg) ![c](gallery.jpg?w=300)\n"),
  list: lines(600, () => "- *a* ![b](list.jpg)\n"),
  table: `|a|b|\n|-|-|\n${lines(600, () => "|*a*|![b](table.jpg)|\n")}`,
  references: `${lines(1500, (at) => `*Text* and ![photo][r${at}] more.\n\n`)}${lines(1500, (at) => `[r${at}]: references.jpg\n`)}`,
  rule: `${many("- ", 500)}${shown("rule")}`,
  code: `\`\`\`\n${many("[", 50_000)}\n${many("> ", 500)}\n\`\`\`${shown("code")}`,
  deep: `${many("> ", 90)}a${shown("deep")}`,
  highlights: `a\n${lines(3000, (at) => `{{< highlight >}}${at}{{< /highlight >}}\n\n`)}${shown("highlights")}`,
};

const config = siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"\n');

describe("pathological pages", () => {
  test("each page that no parser can read is one finding, and all others are complete, in limited memory", async () => {
    const texts = [
      ...Object.entries(refused).map(([name, [text]]) => [name, text]),
      ...Object.entries(complete),
    ];
    await using site = await createSite({
      "config.toml": config,
      "content/first.md": shown("first"),
      "content/huge.md": Buffer.alloc(20 * 2 ** 20, "x"),
      "content/zz-last.md": shown("last"),
      ...Object.fromEntries(texts.map(([name, text]) => [`content/${name}.md`, text])),
    });
    const { code, stdout, stderr } = await run(["--site", site.folder, "--dry-run", "--json"], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(sayMemory)}` },
    });
    const { urls, findings }: { urls: string[]; findings: Finding[] } = JSON.parse(stdout);
    const found = new Map(findings.map(({ file, severity, message }) => [file, `${severity}: ${message}`]));
    expect(findings).toHaveLength(found.size);
    expect(Object.fromEntries(found)).toEqual({
      ...Object.fromEntries(
        Object.entries(refused).map(([name, [, finding]]) => [
          `content/${name}.md`,
          expect.stringContaining(`error: ${finding}`),
        ]),
      ),
      "content/huge.md": "error: it is too large to scan (limit 2 MiB)",
    });
    const keys = new Set(urls.map((url) => new URL(url).searchParams.get("img")));
    for (const name of ["first", "last", ...Object.keys(complete)]) expect(keys).toContain(`${name}.jpg`);
    expect(code).toBe(1);
    // For one process with all pages; each page alone stays below 100 MiB. The scan cannot decide when garbage is collected.
    expect(Number(/peak (\d+)/.exec(stderr)?.[1])).toBeLessThan(384 * 1024);
  });

  test("an interrupt ends the scan, whatever is being parsed", async () => {
    // It continues until its limit of five seconds of CPU time.
    const heavy = `${many("*a* ", 85_000)}![](a.jpg)`;
    await using site = await createSite({ "config.toml": config, "content/a.md": heavy });
    const { file, args, cwd, env } = commandLine(["--site", site.folder, "--dry-run", "--json"], {});
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (part) => (printed += part));
    const ended = new Promise((resolve) => child.once("close", resolve));
    await expect.poll(() => cpuTicks(child.pid ?? 0), { interval: 20 }).toBeGreaterThan(120);
    const before = await cpuTicks(child.pid ?? 0);
    child.kill("SIGINT");
    let after = before;
    const watch = setInterval(async () => {
      after = Math.max(after, await cpuTicks(child.pid ?? 0));
    }, 20);
    expect(await ended).toBe(130);
    clearInterval(watch);
    expect(printed).toBe("");
    expect(after - before).toBeLessThan(100);
  });

  test.each([
    ["hugo.yaml", `a: ${many("[", 50_000)}`, `hugo.yaml cannot be read: ${DEEP}`],
    ["hugo.toml", `a = ${many("[", 5000)}${many("]", 5000)}`, `hugo.toml cannot be read: ${DEEP}`],
    [
      "hugo.json",
      `{"a": "${many("x", 200_000)}"}`,
      "hugo.json cannot be read: too long (limit 131072 characters)",
    ],
  ])("a file that is %s ends the scan with the file's name", async (name, text, words) => {
    await using site = await createSite({ [name]: text });
    const { code, stderr } = await run(["--site", site.folder, "--dry-run"]);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

/** Memory of the whole process, in KiB. */
const sayMemory = `import { isMainThread } from "node:worker_threads";
const { readFileSync } = process.getBuiltinModule("node:fs");
// getrusage's maxRSS also counts the process before exec: the memory of the test itself.
if (isMainThread)
  process.on("exit", () => console.error("peak " + /VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]));`;

/** CPU time that a process has used, in hundredths of a second: a scan starts in a third of a second. */
async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [utime = "0"] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11);
  return Number(utime);
}
