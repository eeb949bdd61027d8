import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { createSite, siteConfig, type TestSite } from "../../hugo-module/test/hugo-site.ts";
import { startScanProcess } from "./scan-process.ts";

const scanner = startScanProcess();
afterAll(() => scanner[Symbol.asyncDispose]());

const config = (lines: string) =>
  siteConfig(`[params.imgproxy]\nendpoint = "https://images.example/"\n${lines}`);

interface Planned {
  readonly code: number | null;
  readonly stderr: string;
  /** `error content/a.md:4:1 words` */
  readonly findings: readonly string[];
}

async function plan(site: TestSite): Promise<Planned> {
  const { code, stdout, stderr } = await scanner.run(["--site", site.folder, "--dry-run", "--json"]);
  const { findings = [] }: { findings?: Record<string, string>[] } = JSON.parse(stdout || "{}");
  const words = findings.map(
    ({ severity, file, line, column, message }) => `${severity} ${file}:${line}:${column} ${message}`,
  );
  return { code, stderr, findings: words };
}

test("an image with a space in its address is an error at its place, except in code and after a backslash", async () => {
  await using site = await createSite({
    "content/a.md":
      '---\ntitle: A\n---\n![c](trips/my lake.jpg) and ![d](<my lake.jpg>)\n\n\\![e](my lake.jpg) `![f](my lake.jpg)`\n\n    ![g](my lake.jpg)\n\n[l](my lake.jpg) ![h](a.jpg "a title.jpg") ![i](my%20lake.jpg)\n\n> - x ![j](two  spaces.PNG?w=3)\n',
  });
  const { code, findings } = await plan(site);
  expect(code).toBe(1);
  expect(findings).toEqual([
    expect.stringMatching(
      /^error content\/a\.md:4:1 "trips\/my lake\.jpg" is shown as text.*: write <trips\/my lake\.jpg> or trips\/my%20lake\.jpg$/,
    ),
    expect.stringMatching(/^error content\/a\.md:12:7 "two {2}spaces\.PNG" is shown as text/),
  ]);
});

test("unknown parameters are named, with the parameter that was probably meant", async () => {
  await using site = await createSite({
    "config.toml": config('size = "50vw"\nwidths = [1]\nmode = 3\nfigure = true'),
    "content/a.md": "---\nimgproxy: {tier: eco}\n---\n![](a.jpg?quality=40&utm_source=x)\n",
  });
  const { stdout } = await scanner.run(["--site", site.folder, "--dry-run", "--json"]);
  const { findings } = JSON.parse(stdout);
  const words = findings.map(({ message }: { message: string }) => message).sort();
  expect(words).toEqual([
    "imgproxy has no parameter mode",
    "imgproxy has no parameter size: did you mean sizes?",
    "imgproxy has no parameter tier: did you mean tiers?",
    "imgproxy has no parameter widths: did you mean tiers?",
    expect.stringContaining("params.imgproxy.figure does nothing"),
    "quality is ignored: did you mean q=?",
  ]);
});

test.each(["/images/", "images.example", "//images.example/"])(
  "the scan refuses the endpoint %s",
  async (endpoint) => {
    await using site = await createSite({
      "config.toml": config("").replace("https://images.example/", endpoint),
    });
    expect(await plan(site)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        `params.imgproxy.endpoint takes a URL such as "https://images.example/"; it is "${endpoint}"`,
      ),
    });
  },
);

test.each(["config.toml", "config/_default/params.toml", "themes/t/config.toml", "assets/imgproxy.json"])(
  "the scan does not hang if %s is a pipe",
  async (name) => {
    await using site = await createSite({
      "config.toml": config("").replace("[params", 'theme = "t"\n[params'),
      "config/_default/other.toml": "",
      "themes/t/theme.toml": "",
      "assets/x": "",
    });
    await rm(path.join(site.folder, name), { force: true });
    execFileSync("mkfifo", [path.join(site.folder, name)]);
    expect(await plan(site)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot be read.*pipe/),
    });
  },
);
