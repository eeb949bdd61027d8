import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { photo } from "../../server/test/support/pictures.ts";
import { manifestOf } from "./blog.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "damaged-photos-"));
  const jpeg = await photo(300, 200).jpeg({ quality: 90 }).toBuffer();
  const half = jpeg.subarray(0, Math.floor(jpeg.length / 2));
  const end = Buffer.from([0xff, 0xd9]);
  for (const [name, bytes] of Object.entries({
    "whole.jpg": jpeg,
    "without-end.jpg": jpeg.subarray(0, -2),
    "half.jpg": Buffer.concat([half, end]),
    "old-zeros.jpg": Buffer.concat([half, Buffer.alloc(4_096), end]),
    "cut.jpg": half,
  }))
    await writeFile(path.join(photos, name), bytes);
  server = await startServer(photos);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

test("a photograph of which a part is missing fails the publish at its line, unless it is allowed; a missing end marker does not", async () => {
  await using site = await createSite({
    "config.toml": siteConfig(
      `[params.imgproxy]\nendpoint = "${server.endpoint}"\ntiers = [{width = 100, quality = 50}]\n`,
    ),
    "content/one.md":
      "![](whole.jpg)\n\n![](without-end.jpg)\n\n![](half.jpg)\n\n![](old-zeros.jpg)\n\n![](cut.jpg)\n",
  });
  const scan = async (...args: string[]) => {
    const env = { TOKEN: server.token };
    const { code, stdout } = await run(["--site", site.folder, "--effort", "0", "--json", ...args], { env });
    const { findings, summary }: { findings: { line: number; message: string }[]; summary: object } =
      JSON.parse(stdout);
    return { code, summary, findings: findings.map(({ line, message }) => `${line}: ${message}`) };
  };
  const ends = (name: string) =>
    expect.stringMatching(
      new RegExp(`: ${name} is damaged: its picture ends at \\d+ %\\. .*--allow-damaged "${name}"\\.$`),
    );
  const refused = expect.stringMatching(/^9: cut\.jpg: The original is cut off: its picture ends at \d+ %\./);
  const first = await scan();
  expect([first.code, first.findings]).toEqual([1, [ends("half.jpg"), ends("old-zeros.jpg"), refused]]);
  expect(first.summary).toMatchObject({ looked: 4, lookedSeconds: expect.any(Number) });

  const decoded = await server.metric("imgproxy_lite_encodes_total");
  // From the source records: nothing is decoded twice.
  const allowed = await scan("--allow-damaged", "half.*", "--allow-damaged", "/old-*");
  expect([allowed.code, allowed.findings]).toEqual([1, [refused]]);
  expect(await server.metric("imgproxy_lite_encodes_total")).toBe(decoded);
  expect(
    Object.entries((await manifestOf(site.folder)).images).map(([key, image]) => [key, image.damaged]),
  ).toEqual([
    ["half.jpg", expect.any(Number)],
    ["old-zeros.jpg", expect.any(Number)],
    ["whole.jpg", undefined],
    ["without-end.jpg", undefined],
  ]);
  const wrong = await run(["--site", site.folder, "--allow-damaged", "{a"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--allow-damaged takes a glob")]);
});
