import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalWords, refusedFormats } from "../../../contract/refused-formats.ts";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { run } from "../../test/command.ts";
import { type RealServer, startServer } from "../../test/real-server.ts";

let photos: string;
let server: RealServer;

/** Noise takes encoders the longest time. */
beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "scan-late-"));
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const picture = { width: 1600, height: 1200, channels: 3, background: "white", noise } as const;
  await sharp({ create: picture }).jpeg({ quality: 60 }).toFile(path.join(photos, "noise.jpg"));
  server = await startServer(photos, { WARM_TIMEOUT: "3500ms", ENCODE_TIMEOUT: "200ms" });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const config = (formats: string, tiers: string): string => `baseURL = "https://blog.example/"
theme = "imgproxy-lite"
[params.imgproxy]
endpoint = "https://images.example/"
formats = [${formats}]
tiers = [${tiers}]
`;

test("an image that cannot be made in time is reported as such, after one attempt, and the others are made", async () => {
  await using site = await createSite({
    "config.toml": config('"avif", "jpg"', "{width = 60, quality = 60}, {width = 1600, quality = 90}"),
    "content/a.md": "\n![](noise.jpg)\n",
  });
  // A longer timeout is not needed: the server sends signs of life while it works.
  const args = [
    "--site",
    site.folder,
    "--endpoint",
    server.endpoint,
    "--json",
    "--effort",
    "9",
    "--timeout",
    "3s",
  ];
  const { code, stdout, stderr } = await run(args, { env: { TOKEN: server.token } });
  // With so short a timeout, a busy machine may let the scan say that it waits.
  expect([code, stderr.replace(/^waiting for .*\n/, "")]).toEqual([1, ""]);
  const { findings, summary } = JSON.parse(stdout);
  expect(findings).toEqual([
    {
      severity: "error",
      file: "content/a.md",
      line: 2,
      column: 1,
      message: "noise.jpg cannot be made as avif (1600 px, q 90): The image could not be made in time.",
    },
  ]);
  expect(summary).toMatchObject({ variants: 4, made: 3, failed: 1 });
  expect(await server.metric("imgproxy_lite_encode_failures_total")).toBe(1);
});

test("an image that a reader would not get in time is reported as such too", async () => {
  await using site = await createSite({
    "config.toml": config('"avif"', "{width = 1600, quality = 95}"),
    "content/a.md": "![](noise.jpg)\n",
  });
  const { code, stdout, stderr } = await run(["--site", site.folder, "--endpoint", server.endpoint]);
  expect([code, stderr]).toEqual([1, ""]);
  expect(stdout).toMatch(/content\/a\.md:1:1: error: noise\.jpg.*: The image could not be made in time\./);
});

test("an original in a format that is not read is an error at its place, in the words of the table", async () => {
  const files = {
    "phone.heic": ["heic", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
    "clip.mp4": ["mp4", "\0\0\0\x18ftypmp42\0\0\0\0isommp42"],
    "raw.dng": ["tiff", "II*\0\x08\0\0\0"],
    "new.jxl": ["jxl", "\xff\x0a\0\0"],
  } as const;
  for (const [name, [, bytes]] of Object.entries(files))
    await writeFile(path.join(photos, name), bytes, "latin1");
  await using site = await createSite({
    "config.toml": config('"jpg"', "{width = 60, quality = 60}"),
    "content/a.md": Object.keys(files)
      .map((name) => `![](${name})\n`)
      .join("\n"),
  });
  for (const env of [{ TOKEN: server.token }, {}]) {
    const args = ["--site", site.folder, "--endpoint", server.endpoint, "--json"];
    const { code, stdout } = await run(args, { env });
    expect(code).toBe(1);
    const findings: { readonly line: number; readonly message: string }[] = JSON.parse(stdout).findings;
    expect(findings.map(({ line, message }) => [line, message])).toEqual(
      Object.entries(files).map(([name, [format]], at) => [
        1 + 2 * at,
        `${name}: ${refusalWords(refusedFormats[format])}`,
      ]),
    );
  }
});

test("crops that a built site names are made, pinned and found again", async () => {
  const query = "ar=40%3A21&amp;fm=jpg&amp;fp=30%2C70&amp;img=noise.jpg&amp;q=60&amp;w=40";
  await using site = await createSite({
    "config.toml": config('"jpg"', "{width = 60, quality = 60}").replace(
      "https://images.example/",
      server.endpoint,
    ),
    "public/index.html": `<img src="${server.endpoint}?${query}" srcset="${server.endpoint}?${query} 40w">`,
  });
  const args = ["--site", site.folder, "--json", "--check", "public"];
  for (const [env, found] of [
    [{ TOKEN: server.token }, { made: 1, hits: 0 }],
    [{ TOKEN: server.token }, { made: 0, hits: 1 }],
    [{}, { made: 0, hits: 1 }],
  ] as const) {
    const { stdout, stderr } = await run(args, { env });
    expect([JSON.parse(stdout).summary, stderr]).toMatchObject([{ ...found, failed: 0 }, ""]);
  }
  const headers = { authorization: `Bearer ${server.token}` };
  const get = async (name: string) =>
    JSON.parse(
      await (await fetch(`${server.endpoint}api/published/blog.example${name}`, { headers })).text(),
    );
  const { sets } = await get("");
  expect((await get(`/${sets[0]}`)).images).toEqual({
    "noise.jpg": ["ar=40%3A21&fm=jpg&fp=30%2C70&img=noise.jpg&q=60&w=40"],
  });
});
