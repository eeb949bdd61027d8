import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Variant } from "../cache/cache.ts";
import { createDiskCache } from "../cache/disk.ts";
import { VolumeHung } from "../cache/volume.ts";
import { openPublished, type Published } from "../published.ts";
import { readPins } from "../published-files.ts";

let folder: string;
let clock = 1_000_000;
const opened: Published[] = [];
const naming = async () => {
  const cache = await createDiskCache({ folder });
  return (variant: Variant) => cache.nameOf(variant);
};
const open = async (changed = () => {}): Promise<Published> => {
  const nameOf = await naming();
  const now = () => clock;
  const published = await openPublished({
    folder,
    keep: 2,
    defaultQuality: 75,
    nameOf,
    changed,
    lookMs: 0,
    now,
  });
  opened.push(published);
  return published;
};
const set = (quality: number) => ({ images: { "a b.jpg": [`img=a+b.jpg&q=${quality}&w=800`] } });
const asked = (quality: number) => ({ key: "a b.jpg", quality, width: 800 });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
});
afterEach(async () => {
  for (const published of opened.splice(0)) published.close();
  await rm(folder, { recursive: true });
});

test("a set lists what it names, whatever the version and the signature, and is there after a restart", async () => {
  const published = await open();
  expect(published.empty).toBe(true);
  await published.put("blog", "one", { images: { "a b.jpg": ["w=800&q=66&img=a%20b.jpg&v=0123456789"] } });
  for (const one of [published, await open()]) {
    expect(one.empty).toBe(false);
    expect(one.has({ ...asked(66), version: "9876543210", signature: "x" })).toBe(true);
    expect(one.has(asked(67))).toBe(false);
    expect(await one.get("blog", "one")).toEqual({ images: { "a b.jpg": ["img=a+b.jpg&q=66&w=800"] } });
  }
});

test("a site keeps its last sets, and other sites theirs", async () => {
  const published = await open();
  for (const quality of [60, 61, 62]) {
    clock += 1000;
    await published.put("blog", `set-${quality}`, set(quality));
  }
  await published.put("shop", "one", set(70));
  expect(await published.list("blog")).toEqual(["set-62", "set-61"]);
  expect([60, 61, 62, 70].map((quality) => published.has(asked(quality)))).toEqual([false, true, true, true]);
  await published.delete("blog", "set-61");
  expect(published.has(asked(61))).toBe(false);
  expect(await published.get("blog", "set-61")).toBeUndefined();
});

test("a preview counts for nobody's last sets and expires by itself", async () => {
  const published = await open();
  await published.put("blog", "one", set(60));
  await published.put("blog", "two", set(61));
  await published.put("blog", "preview", { ...set(62), expires: 60 });
  expect([60, 61, 62].map((quality) => published.has(asked(quality)))).toEqual([true, true, true]);
  expect((await published.get("blog", "preview"))?.expires).toBe(60);
  clock += 61_000;
  await published.refresh();
  expect([60, 61, 62].map((quality) => published.has(asked(quality)))).toEqual([true, true, false]);
  expect(await readdir(join(folder, "published", "blog"))).toEqual(["one.json", "two.json"]);
});

test("another replica learns of a set and of a purge when it looks, and only then", async () => {
  let changes = 0;
  const here = await open();
  const there = await open(() => {
    changes += 1;
  });
  await here.put("blog", "one", set(60));
  await there.refresh();
  expect([there.has(asked(60)), changes]).toEqual([true, 1]);
  await there.refresh();
  expect(changes).toBe(1);
  await here.announce();
  await there.refresh();
  expect(changes).toBe(2);
});

test("the GC is told the files of every class of reader, of live sets only, and reads over what is damaged", async () => {
  const published = await open();
  const nameOf = await naming();
  await published.put("blog", "one", {
    images: { "a.jpg": ["img=a.jpg&q=60", "fm=avif&img=a.jpg&w=8"], "b.svg": ["img=b.svg"] },
  });
  await published.put("blog", "preview", { ...set(62), expires: 60 });
  await writeFile(join(folder, "published", "blog", "torn.json"), '{"made":1,"pi');
  clock += 61_000;
  expect([...(await readPins(folder, clock))].sort()).toEqual(
    [
      ...(["auto", "auto-w", "auto-a", "auto-aw"] as const).map((of) =>
        nameOf({ key: "a.jpg", quality: 60, class: of }),
      ),
      nameOf({ key: "a.jpg", quality: 75, width: 8, class: "avif" }),
    ].sort(),
  );
});

test.each(["", "../x", ".x", "a/b", "x".repeat(65)])("a name such as %j is refused", async (name) => {
  const published = await open();
  await expect(published.put("blog", name, set(60))).rejects.toThrow(/up to 64 letters/);
  await expect(published.get(name, "one")).rejects.toThrow(/up to 64 letters/);
});

test("a volume that hangs has whoever publishes come again", async () => {
  let hangs = false;
  const published = await openPublished({
    folder,
    keep: 2,
    defaultQuality: 75,
    nameOf: await naming(),
    changed: () => {},
    lookMs: 0,
    reach: (_, work) => (hangs ? Promise.reject(new VolumeHung()) : work()),
  });
  await published.put("blog", "one", set(50));
  hangs = true;
  for (const work of [
    () => published.put("blog", "two", set(60)),
    () => published.get("blog", "one"),
    () => published.list("blog"),
    () => published.delete("blog", "one"),
    () => published.announce(),
  ])
    await expect(work()).rejects.toMatchObject({ code: "busy" });
  // What is published holds for readers all the while.
  expect(published.has(asked(50))).toBe(true);
});
