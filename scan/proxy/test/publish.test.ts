import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { manifestOf } from "../../test/blog.ts";
import { commandLine, run } from "../../test/command.ts";
import { type RealServer, startServer } from "../../test/real-server.ts";

const config = `baseURL = "https://blog.example/"
theme = "imgproxy-lite"
[params.imgproxy]
endpoint = "https://images.example/"
tiers = [{width = 100, quality = 60}, {width = 200, quality = 50}]
`;

let photos: string;
let server: RealServer;

async function paint(name: string, color: string): Promise<void> {
  const file = path.join(photos, name);
  await mkdir(path.dirname(file), { recursive: true });
  await sharp({ create: { width: 300, height: 200, channels: 3, background: color } })
    .jpeg()
    .toFile(file);
}

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "scan-photos-"));
  for (const [name, color] of [
    ["worms.jpg", "red"],
    ["trips/Alps.JPG", "blue"],
    ["caf\u00e9.jpg", "brown"],
    ["straße.jpg", "grey"],
    ["a.jpg", "black"],
    ...[1, 2, 3, 4].map((n) => [`series/IMG_000${n}.jpg`, "white"] as const),
  ] as const)
    await paint(name, color);
  await writeFile(path.join(photos, "broken.jpg"), "\xff\xd8\xff this is no photograph");
  server = await startServer(photos);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const scan = (folder: string, ...args: string[]) =>
  run(["--site", folder, "--endpoint", server.endpoint, "--json", ...args], { env: { TOKEN: server.token } });

describe("with a token", () => {
  test("with a token, a second scan encodes and reads no image, and knows all sizes", async () => {
    await using site = await createSite({
      "config.toml": config,
      "content/a.md": "![](worms.jpg) ![](trips/Alps.JPG)\n",
    });
    const first = JSON.parse((await scan(site.folder)).stdout).summary;
    expect(first).toMatchObject({ photos: 2, variants: 12, hits: 0, made: 12, failed: 0 });

    const encodes = await server.metric("imgproxy_lite_encode_duration_seconds_count");
    expect(encodes).toBeGreaterThan(0);
    const reads = await server.metric("imgproxy_lite_source_bytes_total");
    const second = JSON.parse((await scan(site.folder)).stdout).summary;
    expect(second).toEqual({ ...first, hits: 12, made: 0, lookedSeconds: expect.any(Number) });
    expect(await server.metric("imgproxy_lite_encode_duration_seconds_count")).toBe(encodes);
    expect(await server.metric("imgproxy_lite_source_bytes_total")).toBe(reads);
  });

  test("with a token, the server gets the site's variants under the given name", async () => {
    await using site = await createSite({ "config.toml": config, "content/a.md": "![](worms.jpg)\n" });
    await scan(site.folder, "--publish", "blog/first", "--preview", "1h");
    const response = await fetch(`${server.endpoint}api/published/blog/first`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    expect(await response.json()).toMatchObject({
      images: { "worms.jpg": ["img=worms.jpg&q=50&w=200", "img=worms.jpg&q=60&w=100"] },
    });
  });

  test("with a token, a replaced photograph changes its line of the manifest and is made again", async () => {
    await using site = await createSite({ "config.toml": config, "content/a.md": "![](again.jpg)\n" });
    await paint("again.jpg", "green");
    await scan(site.folder);
    const before = await manifestOf(site.folder);
    await paint("again.jpg", "yellow");
    const { summary } = JSON.parse((await scan(site.folder)).stdout);
    expect(summary).toMatchObject({ variants: 6, made: 6, hits: 0 });
    expect(await manifestOf(site.folder)).not.toEqual(before);
  });

  test("a site that is larger than the server's cache gets a warning", async () => {
    await using small = await startServer(photos, { CACHE_MAX_BYTES: "1KiB" });
    await using site = await createSite({
      "config.toml": config,
      "content/a.md": "![](worms.jpg) ![](trips/Alps.JPG)\n",
    });
    const { code, stdout } = await scan(site.folder, "--endpoint", small.endpoint);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).findings).toEqual([
      expect.objectContaining({
        severity: "warning",
        file: "config.toml",
        message: expect.stringContaining("Raise CACHE_MAX_BYTES"),
      }),
    ]);
  });

  test("a wrong token is reported as such", async () => {
    await using site = await createSite({ "config.toml": config, "content/a.md": "![](worms.jpg)\n" });
    const { code, stderr } = await scan(site.folder, "--token", "another-token-of-some-length");
    expect(code).toBe(2);
    expect(stderr).toContain("refuses the token: set --token (or TOKEN) to the server's TOKEN");
  });
});

test("for a missing photograph the scan suggests a key, and for a broken one it names the fault", async () => {
  await using site = await createSite({
    "config.toml": config,
    "content/a.md": "![](trips/alps.jpg)\n\n![](wroms.jpg) ![](worms.jpg)\n\n![](broken.jpg)\n",
  });
  const { code, stdout } = await scan(site.folder);
  expect(code).toBe(1);
  const findings: { line: number; message: string }[] = JSON.parse(stdout).findings;
  expect(findings.map(({ line }) => line)).toEqual([1, 3, 5]);
  expect(findings[1]?.message).toContain('Is it "worms.jpg"?');
  expect(findings[2]?.message).toMatch(/^broken\.jpg: /);
});

test.each([
  ["worms.png", 'Is it "worms.jpg"?'],
  ["trips/alpen.jpg", 'Is it "trips/Alps.JPG"?'],
  ["Trips/Alps.JPG", 'Is it "trips/Alps.JPG"? Only capitals differ.'],
  ["photos/worms.jpg", 'Is it "worms.jpg"?'],
  ["brokn.jpg", 'Is it "broken.jpg"?'],
  ["cafe\u0301.jpg", 'Is it "caf\u00e9.jpg"? It looks the same: only how'],
  ["CAFE\u0301.jpg", 'Is it "caf\u00e9.jpg"? Only capitals and how its letters are composed'],
  ["STRASSE.jpg", 'Is it "straße.jpg"? Only capitals differ.'],
  ["series/IMG_0009.jpg", 'Is it "series/IMG_0001.jpg", "series/IMG_0002.jpg" or "series/IMG_0003.jpg"?'],
  ["series/IMG_2222.jpg", undefined],
  ["worxyz.jpg", undefined],
  ["z.jpg", undefined],
])("a missing photograph is compared with the keys in the bucket: %s", async (key, words) => {
  await using site = await createSite({ "config.toml": config, "content/a.md": `![](${key})\n` });
  const { stdout } = await scan(site.folder);
  const [finding, ...others] = JSON.parse(stdout).findings;
  expect(others).toEqual([]);
  if (words === undefined) expect(finding.message).toBe(`${key}: There is no such photograph.`);
  else expect(finding.message).toContain(`${key}: There is no such photograph. ${words}`);
});

test("a report shows failures first, then each photograph, on one self-contained page", async () => {
  await using site = await createSite({
    "config.toml": config,
    "content/a.md": "![](worms.jpg)\n\n![](<nosuch & gone.jpg>)\n",
  });
  await scan(site.folder, "--report", path.join(site.folder, "out/report.html"));
  const html = await readFile(path.join(site.folder, "out/report.html"), "utf8");
  const [failure, photo] = ["content/a.md:3:1: error: nosuch &#38; gone.jpg", "<h2>worms.jpg</h2>"];
  expect(html.indexOf(failure)).toBeGreaterThan(0);
  expect(html.indexOf(photo)).toBeGreaterThan(html.indexOf(failure));
  expect(html).toMatch(/<img class="thumb" alt="" src="data:image\/webp;base64,/);
  expect(html).toMatch(/<tr><td>100<td>60(?:<td class="(?:made|hit)">(?:[\d.]+ K?B|there)){3}<\/tr>/);
  expect(html.replaceAll(/"data:[^"]*"/g, "")).not.toMatch(/(?:src|href)="/);
});

test("one bad post does not stop the others", async () => {
  await using site = await createSite({
    "config.toml": config,
    "content/a.md": "---\ntitle: [\n---\n![](worms.jpg)\n",
    "content/b.md": "---\nimgproxy:\n  tiers: huge\n---\n![](worms.jpg)\n",
    "content/c.md": "![](a\\\\b.jpg) ![](worms.jpg?q=0)\n",
    "content/d.md": "![](trips/Alps.JPG)\n",
  });
  const { code, stdout } = await scan(site.folder);
  expect(code).toBe(1);
  const { findings, summary } = JSON.parse(stdout);
  expect(findings.map((one: { file: string; severity: string }) => `${one.file} ${one.severity}`)).toEqual([
    "content/a.md warning",
    "content/b.md error",
    "content/c.md error",
    "content/c.md warning",
  ]);
  expect(summary).toMatchObject({ pages: 4, photos: 2, failed: 0 });
});

test("an interrupt ends the scan at once and leaves whole files", async () => {
  await using site = await createSite({ "config.toml": config, "content/a.md": "![](worms.jpg)\n" });
  // The server does not answer this request, and the scan would wait longer than this test.
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const { file, args, env, cwd } = commandLine(["--site", site.folder, "--endpoint", endpoint], {});
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  await once(silent, "request");
  child.kill("SIGINT");
  expect(await closed).toBe(130);
  silent.closeAllConnections();
  silent.close();
  expect(await readdir(site.folder)).not.toContain("assets");
});
