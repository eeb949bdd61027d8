import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createSite, type TestSite } from "../../../hugo-module/test/hugo-site.ts";
import type { Finding } from "../../findings.ts";
import { run } from "../../test/command.ts";

/** Odd files in `content/`; each is removed with the site. */
const oddities: Readonly<Record<string, (content: string) => unknown>> = {
  "dangling.md": (content) => symlink("nowhere.md", path.join(content, "dangling.md")),
  "folder.md": (content) => symlink("posts", path.join(content, "folder.md")),
  "itself.md": (content) => symlink("itself.md", path.join(content, "itself.md")),
  again: (content) => symlink(".", path.join(content, "again")),
  "closed.md": (content) => writeFile(path.join(content, "closed.md"), "![](closed.jpg)", { mode: 0o000 }),
  closed: (content) => mkdir(path.join(content, "closed"), { mode: 0o000 }),
  "pipe.md": (content) => execFileSync("mkfifo", [path.join(content, "pipe.md")]),
  "socket.md": (content) => leaveSocket(path.join(content, "socket.md")),
  "caf\ufffd.md": (content) =>
    writeFile(
      Buffer.concat([Buffer.from(`${content}/caf`), Buffer.from([0xe9]), Buffer.from(".md")]),
      "![](x.jpg)",
    ),
};

/** Files without the name of a page are not read as pages, and links to photographs are ignored. */
const unremarkable = (content: string) =>
  Promise.all([
    symlink("nowhere.jpg", path.join(content, "photo.jpg")),
    writeFile(path.join(content, "nul.md"), "a\0b"),
  ]);

describe("a scan with unusual files", () => {
  test("a scan reports each unreadable file once and continues, on a Hugo that follows no links", async () => {
    await using site = await oddSite(Object.keys(oddities));
    const { keys, findings, code } = await scanOdd(site, "0.169.0");
    expect(keys).toEqual(["after.jpg", "before.jpg", "deep.jpg"]);
    expect(code).toBe(1);
    expect(findings).toEqual([
      "content/again: warning: it is a symbolic link",
      "content/caf\ufffd.md: error: it has a name that is not UTF-8",
      "content/closed.md: error: it cannot be read (EACCES)",
      "content/closed: error: it cannot be read (EACCES)",
      "content/dangling.md: warning: it is a symbolic link",
      "content/folder.md: warning: it is a symbolic link",
      "content/itself.md: warning: it is a symbolic link",
      "content/pipe.md: error: it is a pipe",
      "content/socket.md: error: it is a socket",
    ]);
    await chmod(path.join(site.folder, "content/closed"), 0o700);
  });

  test("a scan reports each unreadable file once and continues, on a Hugo that follows links", async () => {
    await using site = await oddSite(["dangling.md", "folder.md", "itself.md", "again"]);
    const { keys, findings, code } = await scanOdd(site, "0.111.3");
    expect(keys).toEqual(["after.jpg", "before.jpg", "deep.jpg"]);
    expect(code).toBe(1);
    expect(findings).toEqual([
      "content/again: warning: it is a link to a folder that is already read",
      "content/dangling.md: warning: it is a broken link",
      "content/itself.md: error: it is a link to itself",
    ]);
  });

  test("a scan reports that it cannot know the files in an unreadable static/", async () => {
    await using site = await oddSite([]);
    await mkdir(path.join(site.folder, "static"), { mode: 0o000 });
    const { keys, findings, code } = await scanOdd(site, "0.169.0");
    expect(keys).toEqual(["after.jpg", "before.jpg", "deep.jpg"]);
    expect(findings).toEqual(["static: error: it cannot be read (EACCES)"]);
    expect(code).toBe(1);
    await chmod(path.join(site.folder, "static"), 0o700);
  });
});

async function oddSite(names: readonly string[]): Promise<TestSite> {
  const site = await createSite({
    "content/a.md": "![](before.jpg)",
    "content/posts/deep.md": "![](deep.jpg)",
    "content/z.md": "![](after.jpg)",
  });
  const content = path.join(site.folder, "content");
  await unremarkable(content);
  for (const name of names) await oddities[name]?.(content);
  return site;
}

async function scanOdd(site: TestSite, version: string) {
  const { stdout, code } = await run(
    ["--site", site.folder, "--dry-run", "--json", "--hugo-version", version],
    { permissions: true },
  );
  const { urls, findings }: { urls: string[]; findings: Finding[] } = JSON.parse(stdout);
  const keys = new Set(urls.map((url) => new URL(url).searchParams.get("img")));
  return {
    keys: [...keys].sort(),
    findings: findings
      .map(({ file, severity, message }) => `${file}: ${severity}: ${message.split(/[:;,] /)[0]}`)
      .sort(),
    code,
  };
}

/** A killed process leaves its socket in the folder. */
async function leaveSocket(name: string): Promise<void> {
  const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  await new Promise((resolve) => spawn(process.execPath, ["-e", script, name]).once("close", resolve));
}
