import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { run } from "../../test/command.ts";
import { startServer } from "../../test/real-server.ts";

const photo = fileURLToPath(new URL("../../../hugo-module/exampleSite/photos/worms.jpg", import.meta.url));

test("a higher effort makes smaller files and replaces the others, and a lower effort changes nothing", async () => {
  await using photos = await folder();
  await using cache = await folder();
  await copyFile(photo, path.join(photos.path, "worms.jpg"));
  await using server = await startServer(photos.path, { CACHE_DIR: cache.path });
  await using site = await createSite({
    "config.toml": `baseURL = "https://blog.example/"
[params.imgproxy]
endpoint = "${server.endpoint}"
tiers = [{width = 160, quality = 60}]
# By name: \`auto\` takes the smaller of WebP and JPEG, which depends on the effort.
formats = ["avif", "webp", "jpg"]
`,
    "content/a.md": "![](worms.jpg)\n",
  });
  const scan = async (effort: number) => {
    const args = ["--site", site.folder, "--json", "--effort", String(effort)];
    const { stdout } = await run(args, { env: { TOKEN: server.token } });
    return JSON.parse(stdout).summary;
  };

  expect(await scan(0)).toMatchObject({ made: 3, hits: 0 });
  // New variants are stored after the answer.
  const stored = () => entries(cache.path);
  const efforts = (avif: number, webp: number, jpeg: number) => ({
    "image/avif": { effort: avif },
    "image/webp": { effort: webp },
    "image/jpeg": { effort: jpeg },
  });
  await expect.poll(stored).toMatchObject(efforts(0, 0, 0));
  const hurried = await stored();

  expect(await scan(9)).toMatchObject({ made: 3, hits: 0 });
  await expect.poll(stored).toMatchObject(efforts(9, 6, 1));
  const patient = await stored();
  for (const type of ["image/avif", "image/webp", "image/jpeg"])
    expect(patient[type]?.bytes).toBeLessThan(hurried[type]?.bytes ?? 0);

  expect(await scan(9)).toMatchObject({ made: 0, hits: 3 });
  expect(await scan(0)).toMatchObject({ made: 0, hits: 3 });
  expect(await stored()).toEqual(patient);
});

interface StoredEntry {
  readonly effort: number;
  /** Hash of the whole file. */
  readonly bytes: number;
}

/** The metadata of the variants in the cache, by media type. */
async function entries(cache: string): Promise<Record<string, StoredEntry>> {
  const names = await readdir(path.join(cache, "v1"), { recursive: true });
  const found: Record<string, StoredEntry> = {};
  for (const name of names.filter((name) => /\.(?:avif|webp|jpg)$/.test(name))) {
    const file = await readFile(path.join(cache, "v1", name));
    const meta: { contentType: string; effort: number } = JSON.parse(
      file.toString("utf8", 16, 16 + file.readUInt32BE(8)),
    );
    found[meta.contentType] = { effort: meta.effort, bytes: file.length };
  }
  return found;
}

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const name = await mkdtemp(path.join(tmpdir(), "effort-"));
  return { path: name, [Symbol.asyncDispose]: () => rm(name, { recursive: true, force: true }) };
}
