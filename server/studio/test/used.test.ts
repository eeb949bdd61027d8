import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { put } from "../../published/test/sets.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";
import { publishedSets } from "../published-sets.ts";

let world: World;
beforeEach(async () => {
  world = await createWorld({ dev: true, studio: "on" });
});
afterEach(() => world.close());

async function used(folder: string): Promise<{ sets: number; names: string[] }> {
  const answer = await world.get("/api/used", { method: "POST", body: JSON.stringify({ folder }) });
  expect(answer.status).toBe(200);
  const { sets, names } = JSON.parse(await answer.text());
  return { sets, names: [...new Set<string>(names)].sort() };
}

const naming = (...keys: readonly string[]) => ({
  images: Object.fromEntries(keys.map((key) => [key, [`img=${encodeURIComponent(key)}&q=50`]])),
});

test("what posts use in a folder comes from the newest set of each site and its previews, and says if nothing is known", async () => {
  expect(await used("")).toEqual({ sets: 0, names: [] });
  await put(world.published, "blog", "1", naming("old.jpg"));
  await put(world.published, "blog", "2", naming("a b.jpg", "trips/alps.jpg", 'trips/2026/"x".jpg'));
  await put(world.published, "blog", "draft", { ...naming("draft.jpg"), expires: 60 });
  await put(world.published, "shop", "1", naming("a b.jpg", "trips.jpg"));
  expect(await used("")).toEqual({ sets: 3, names: ["a b.jpg", "draft.jpg", "trips.jpg", "trips/"] });
  expect(await used("trips/")).toEqual({ sets: 3, names: ["trips/2026/", "trips/alps.jpg"] });
  expect(await used("trips/2026/")).toEqual({ sets: 3, names: ['trips/2026/"x".jpg'] });
});

test.each([
  ["listed", {}],
  ["signed", { signingKeys: ["a-key-of-this-test"] }],
] as const)(
  "with VARIANTS=%s, the Studio has what is not used, what is missing, and why a file is no photograph",
  async (variants, options) => {
    await using signed = await disposable({ dev: true, studio: "on", variants, ...options });
    const post = (call: string, body: unknown) =>
      signed.get(`/api/${call}`, { method: "POST", body: JSON.stringify(body) });
    await writeFile(join(signed.folder, "a.jpg"), await photo(60, 40).jpeg().toBuffer());
    await writeFile(join(signed.folder, "notes.jpg"), "text");
    await put(signed.published, "blog", "1", naming("gone.jpg"));
    const { objects } = JSON.parse(await (await post("list", { folder: "" })).text());
    expect(objects.map(({ key }: { key: string }) => key)).toEqual(["a.jpg", "notes.jpg"]);
    expect(JSON.parse(await (await post("used", { folder: "" })).text())).toEqual({
      sets: 1,
      names: ["gone.jpg"],
    });
    const preview = (img: string) => post("preview", { img, variant: { q: 50, w: 30, fm: "jpg" } });
    expect((await preview("a.jpg")).status).toBe(200);
    expect(await (await preview("notes.jpg")).json()).toMatchObject({
      status: 415,
      remedy: expect.any(String),
    });
  },
);

async function disposable(options: WorldOptions): Promise<World & AsyncDisposable> {
  const opened = await createWorld(options);
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}

test("if a published set cannot be read, no photograph counts as unused", async () => {
  await put(world.published, "blog", "1", naming("a.jpg"));
  await mkdir(join(world.volume, "published/other"));
  await writeFile(join(world.volume, "published/other/1.json"), "{");
  const answer = await world.get("/api/used", { method: "POST", body: '{"folder":""}' });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("set cannot be read") });
});

test("the last publishes have name, time and number of photographs, also after a restart and on another replica", async () => {
  await put(world.published, "blog", "1", naming("a.jpg", "b.jpg"));
  await put(world.published, "blog", "draft", { ...naming("a.jpg"), expires: 60 });
  const { sets } = JSON.parse(await (await world.get("/api/status")).text());
  const at = expect.stringMatching(/^20\d\d-.*Z$/);
  expect(sets).toEqual([
    { at, site: "blog", name: "draft", images: 1, until: at },
    { at, site: "blog", name: "1", images: 2 },
  ]);
  const replica = await world.replica();
  expect(publishedSets(replica)).toEqual(sets);
});
