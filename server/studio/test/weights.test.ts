import { mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mostMeasured, type SiteWeight, type WeightsAnswer } from "../../../contract/studio.ts";
import type { variantOfSpec } from "../../api/specs.ts";
import { put } from "../../published/test/sets.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World } from "../../test/support/world.ts";
import { blogWeight } from "../page/copy/blog-weight.ts";
import { weightsOf } from "../weights.ts";

const token = "the-token-of-the-studio";
let world: World;
beforeAll(async () => {
  world = await createWorld({ dev: true, variants: "listed", tokens: [token] });
  await writeFile(join(world.folder, "worms.jpg"), await photo(120, 80).jpeg().toBuffer());
  await writeFile(join(world.folder, "garden.jpg"), await photo(120, 80).jpeg().toBuffer());
});
afterAll(() => world.close());

async function weights(): Promise<WeightsAnswer> {
  const answer = await world.get("/api/weights", { method: "POST", body: '{"accept":"avif"}' });
  expect(answer.status).toBe(200);
  return JSON.parse(await answer.text());
}

async function warm(img: string, widths: readonly number[]): Promise<number> {
  const variants = widths.map((w) => ({ q: 60, w, accept: "avif" }));
  const answer = await world.get("/api/warm", {
    method: "POST",
    body: JSON.stringify({ img, variants }),
    headers: { authorization: `Bearer ${token}` },
  });
  const lines = (await answer.text()).trim().split("\n");
  return lines.reduce((sum, line) => sum + Number(JSON.parse(line).bytes), 0);
}

test("the weight of a site is that of the photographs of its newest set that are all in the cache, and nothing is made or used", async () => {
  expect(await weights()).toEqual({ sites: [] });
  const images = {
    "worms.jpg": [
      "img=worms.jpg&q=60&w=40",
      "img=worms.jpg&q=60&w=80",
      "img=worms.jpg",
      "fm=json&img=worms.jpg",
    ],
    "garden.jpg": ["img=garden.jpg&q=60&w=40", "img=garden.jpg&q=60&w=80"],
    "gone.jpg": ["img=gone.jpg&q=60&w=40"],
  };
  await put(world.published, "blog", "1", { images: { "old.jpg": ["img=old.jpg&q=60&w=40"] } });
  await put(world.published, "blog", "2", { images });
  await put(world.published, "blog", "draft", { images: {}, expires: 60 });
  const bytes = await warm("worms.jpg", [40, 80]);
  await warm("garden.jpg", [40]);
  await world.service.background.stop();
  const names = (await readdir(join(world.volume, "v1"), { recursive: true })).map((name) =>
    join(world.volume, "v1", name),
  );
  // Whole seconds: a file system rounds the rest.
  const old = new Date(Math.floor(Date.now() / 1000 - 86_400) * 1000);
  for (const name of names) await utimes(name, old, old);
  const { sites } = await weights();
  expect(sites).toEqual([
    {
      site: "blog",
      images: 3,
      measured: 1,
      rungs: [
        expect.objectContaining({ width: 40, variants: 1 }),
        expect.objectContaining({ width: 80, variants: 1 }),
      ],
      sample: ["worms.jpg"],
    },
  ]);
  expect(sites[0]?.rungs.reduce((sum, rung) => sum + rung.bytes, 0)).toBe(bytes);
  expect(await readdir(join(world.volume, "v1"), { recursive: true })).toHaveLength(names.length);
  for (const name of names) expect((await stat(name)).mtimeMs).toBe(old.getTime());
});

test("of a large set some photographs are measured, the same ones each time; a set that cannot be read is said", async () => {
  const asked: string[] = [];
  const images = 5 * mostMeasured;
  const site = {
    site: "blog",
    images,
    read: async () =>
      (async function* () {
        for (let at = 0; at < images; at++) yield [`${at}.jpg`, [`img=${at}.jpg&q=60&w=40`]] as const;
      })(),
  };
  const cache = {
    bytesOf: async ({ key }: ReturnType<typeof variantOfSpec>) => {
      asked.push(key);
      return 10;
    },
  };
  const parts = { cache, published: { sitesNow: async () => [site] }, defaultQuality: 75 };
  const [first, second] = [1, 2].map(() => weightsOf(parts, "avif", AbortSignal.timeout(60_000)));
  expect(await first).toEqual(await second);
  expect((await first)?.sites[0]?.measured).toBeGreaterThan(mostMeasured / 2);
  expect((await first)?.sites[0]?.measured).toBeLessThanOrEqual(mostMeasured);
  await mkdir(join(world.volume, "published/other"), { recursive: true });
  await writeFile(join(world.volume, "published/other/1.json"), "{");
  const answer = await world.get("/api/weights", { method: "POST", body: '{"accept":"avif"}' });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("set cannot be read") });
});

test("a change of the ladder changes its own qualities, also of widths that it does not have, and no other", () => {
  const ladder = [
    { width: 480, quality: 72 },
    { width: 800, quality: 66 },
  ];
  const rungs: SiteWeight["rungs"] = [
    { width: 480, quality: 72, variants: 3, bytes: 300 },
    { width: 700, quality: 66, variants: 1, bytes: 100 },
    { width: 800, quality: 33, variants: 2, bytes: 50 },
    { width: 2000, quality: 66, variants: 1, bytes: 200 },
    { quality: 66, variants: 1, bytes: 1_000 },
  ];
  expect(blogWeight(rungs, ladder, 0.5)).toEqual({ before: 1650, after: 1350, moved: 5 });
});
