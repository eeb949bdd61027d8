import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { run } from "../../test/command.ts";
import { type RealServer, startServer } from "../../test/real-server.ts";

let photos: string;
let server: RealServer;

/** Noise is what encoders take longest over. */
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
  // More patience is not needed: the server says that it is alive while it tries.
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
  expect([code, stderr]).toEqual([1, ""]);
  const { findings, summary } = JSON.parse(stdout);
  expect(findings).toEqual([
    {
      ...{ severity: "error", file: "content/a.md", line: 2, column: 1 },
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
