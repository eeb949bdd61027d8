import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildSite, createSite, extremes, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import { urlsIn } from "../../test/blog.ts";
import { run } from "../../test/command.ts";
import { type RealServer, startServer } from "../../test/real-server.ts";

let photos: string;
let server: RealServer;
beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "scan-photos-"));
  const photo = { create: { width: 300, height: 200, channels: 3, background: "teal" } } as const;
  await mkdir(path.join(photos, "reisen"));
  for (const name of ["worms.jpg", "reisen/alps.jpg"])
    await sharp(photo).jpeg().toFile(path.join(photos, name));
  server = await startServer(photos, { VARIANTS: "listed" });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

/** Two languages, each with its own ladder, manifest and server name. Only German keys are relative to the page's folder. */
const config = () =>
  siteConfig(`
defaultContentLanguage = "en"
[languages.en.params.imgproxy]
endpoint = "${server.endpoint}"
tiers = [{width = 100, quality = 60}]
[languages.de.params.imgproxy]
endpoint = "${server.endpoint.replace("127.0.0.1", "localhost")}"
tiers = [{width = 200, quality = 40}]
resolve = "page"
manifest = "bilder.json"
`);

test("a language's own server that refuses what its pages show is named, until the site is published to it too", async () => {
  await using german = await startServer(photos, { VARIANTS: "listed" });
  await using site = await createSite({
    "config.toml": config().replace(/http:\/\/localhost:\d+\//, german.endpoint),
    "content/a.md": "![](worms.jpg)\n",
    "content/reisen/a.de.md": "![](alps.jpg)\n",
  });
  await using other = await createSite({ "content/a.md": "![](worms.jpg)\n" });
  const scan = async (folder: string, { token }: RealServer, ...args: string[]) => {
    const { code, stdout } = await run(["--site", folder, "--json", "--publish", "servers/a", ...args], {
      env: { TOKEN: token },
    });
    const { findings }: { findings: { severity: string; message: string }[] } = JSON.parse(stdout);
    return { code, findings: findings.map(({ severity, message }) => `${severity}: ${message}`) };
  };
  // Before its first published set, a listed server is open.
  await scan(other.folder, german, "--endpoint", german.endpoint, "--publish", "other/a");

  const first = await scan(site.folder, server);
  expect([first.code, first.findings.length]).toEqual([0, 1]);
  expect(first.findings[0]).toContain(
    `warning: params.imgproxy.endpoint of de is ${german.endpoint}, a different server than ${server.endpoint}`,
  );
  expect(first.findings[0]).toContain(`a second scan with --endpoint ${german.endpoint}`);
  expect(await scan(site.folder, german, "--endpoint", german.endpoint)).toEqual({ code: 0, findings: [] });
  expect(await scan(site.folder, server)).toEqual({ code: 0, findings: [] });
});

test("a language's own server that does not answer here is not waited for", async () => {
  await using site = await createSite({
    "config.toml": config().replace(/http:\/\/localhost:\d+\//, "http://127.0.0.1:9/"),
    "content/a.md": "![](worms.jpg)\n",
    "content/reisen/a.de.md": "![](alps.jpg)\n",
  });
  const { code, stdout } = await run(["--site", site.folder, "--json"], { env: { TOKEN: server.token } });
  expect([code, JSON.parse(stdout).findings]).toEqual([0, []]);
});

describe.each([...extremes])("on Hugo $version", (hugo) => {
  test("the parameters of a language are those that are published, warmed, measured and checked", async () => {
    await using site = await createSite({
      "config.toml": config(),
      "content/reisen/a.md": "![](worms.jpg)\n",
      "content/reisen/a.de.md": "![](alps.jpg)\n",
    });
    const scan = (...args: string[]) =>
      run(["--site", site.folder, "--hugo-version", hugo.version, "--json", ...args], {
        env: { TOKEN: server.token },
      });
    const scanned = await scan("--publish", `blog/${hugo.version}`);
    expect([scanned.code, JSON.parse(scanned.stdout).findings]).toEqual([0, []]);

    const built = await buildSite(site.folder, hugo);
    const german = built.files.get("de/reisen/a/index.html") ?? "";
    expect(german).toContain('width="300" height="200"');
    const urls = ["reisen/a/index.html", "de/reisen/a/index.html"].flatMap((name) => [
      ...urlsIn(built.files.get(name) ?? "", server.endpoint),
      ...urlsIn(built.files.get(name) ?? "", server.endpoint.replace("127.0.0.1", "localhost")),
    ]);
    const widths = urls.map((url) => new URL(url).searchParams.get("w"));
    expect(widths).toEqual(["100", "200"]);
    for (const url of urls) {
      const answer = await fetch(url.replace("localhost", "127.0.0.1"), {
        headers: { accept: "image/webp" },
      });
      expect([url, answer.status, answer.headers.get("cache-status")]).toEqual([
        url,
        200,
        expect.stringContaining("hit"),
      ]);
    }

    for (const [name, text] of built.files) {
      const file = path.join(site.folder, "public", name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const checked = await scan("--check", "public", "--publish", `blog/${hugo.version}`);
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      summary: { made: 0, failed: 0 },
      unscanned: [],
      unemitted: [],
      findings: [],
    });
  });
});
