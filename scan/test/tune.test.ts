import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { photo } from "../../server/test/support/pictures.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "tuned-photos-"));
  await writeFile(path.join(photos, "noise.jpg"), await photo(300, 200).jpeg({ quality: 95 }).toBuffer());
  server = await startServer(photos);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const image = async (accept: string): Promise<Buffer> => {
  const url = new URL("?img=noise.jpg&q=60&w=200", server.endpoint);
  return Buffer.from(await (await fetch(url, { headers: { accept } })).arrayBuffer());
};

test("--tune look measures a photograph once, and a publish makes again those of its variants that look otherwise", async () => {
  await using site = await createSite({
    "config.toml": siteConfig(
      `[params.imgproxy]\nendpoint = "${server.endpoint}"\ntiers = [{width = 200, quality = 60}]\n`,
    ),
    "content/one.md": "![](noise.jpg)\n",
  });
  const scan = async (...args: string[]) => {
    const { code, stdout } = await run(["--site", site.folder, "--json", ...args], {
      env: { TOKEN: server.token },
    });
    return { code, ...JSON.parse(stdout || "{}").summary };
  };
  expect(await scan()).toMatchObject({ code: 0, variants: 3, made: 3 });
  const [avif, jpeg] = [await image("image/avif,image/webp"), await image("image/jpeg")];

  const tuned = await scan("--tune", "look");
  const info: { offsets?: { avif?: number } } = JSON.parse(
    await (await fetch(new URL("?fm=json&img=noise.jpg", server.endpoint))).text(),
  );
  expect(info.offsets).toEqual({ avif: expect.any(Number), webp: expect.any(Number) });
  expect(info.offsets?.avif).not.toBe(0);
  expect(tuned).toMatchObject({ code: 0, variants: 3, failed: 0, tuned: 1 });
  expect(tuned.made).toBeGreaterThan(0);
  expect(await image("image/avif,image/webp")).not.toEqual(avif);
  expect(await image("image/jpeg")).toEqual(jpeg);

  // A publish of another site without the option keeps the look that the photograph has now.
  expect(await scan()).toMatchObject({ made: 0, hits: 3 });
  expect(await scan("--tune", "look")).toMatchObject({ made: 0, hits: 3 });
});

test("--tune takes only a mode that exists, and needs a token", async () => {
  const words = async (...args: string[]) => (await run(args)).stderr;
  expect(await words("--tune", "bright", "--token", "x")).toContain("--tune takes look; it is bright");
  expect(await words("--tune", "look")).toContain("--tune needs the token of the server's API");
});
