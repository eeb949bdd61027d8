import { unlinkSync, utimesSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createDiskCache } from "../../cache/disk.ts";
import { pathParts, variantName } from "../../cache/name.ts";
import { readReservations, writeReservation } from "../../cache/reservations.ts";
import { entryOf } from "../../cache/test/cache-suite.ts";
import { writeUsage } from "../../cache/usage.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { run } from "../run.ts";
import { type SweepOptions, sweep } from "../sweep.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The change time of a file cannot be set, so the sweeps of these tests run three days from now. */
const now = Date.now() + 3 * DAY;

const roomy: Omit<SweepOptions, "folder"> = {
  maxBytes: 1e12,
  maxFiles: 1e9,
  minFreeBytes: 0,
  maxIdleMs: 365 * DAY,
  pins: new Set(),
  now: () => now,
};

const nameOf = (index: number) =>
  variantName({ key: `photo-${index}.jpg`, width: 800, quality: 55, class: "webp" }, "");

/** Entries of 1,000 bytes; `ageOf` in milliseconds before `now`. */
async function fill(folder: string, count: number, ageOf: (index: number) => number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const path = join(folder, ...pathParts(nameOf(index)));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.alloc(1_000));
    const used = new Date(now - ageOf(index));
    await utimes(path, used, used);
  }
}

/** In the form of the last release. */
const writeSet = async (folder: string, pins: readonly string[]): Promise<void> => {
  await mkdir(join(folder, "published", "blog"), { recursive: true });
  const set = { made: now, images: {}, pins };
  await writeFile(join(folder, "published", "blog", "main.json"), `${JSON.stringify(set)}\n`);
};
const namesOf = (count: number) => Array.from({ length: count }, (_, index) => nameOf(index));
const pathOf = (folder: string, name: string) => join(folder, ...pathParts(name));

async function kept(folder: string): Promise<Set<string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Set(files.filter((file) => file.isFile()).map(({ name }) => name));
}

test("below the high watermark nothing is deleted", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 20, (index) => index * 60 * MINUTE);
  const summary = await sweep({ ...roomy, folder, maxBytes: 22_300 });
  expect(summary).toMatchObject({ keptFiles: 20, keptBytes: 20_000, deletedFiles: 0 });
  expect(summary.oldestKeptMs).toBe(19 * 60 * MINUTE);
});

test.each([
  ["bytes", { maxBytes: 22_000 }],
  ["files", { maxFiles: 22 }],
])(
  "above the high watermark of %s the least recently used entries are deleted, down to the low watermark",
  async (_, limit) => {
    const folder = await temporaryFolder();
    await fill(folder, 20, (index) => (index + 1) * 60 * MINUTE);
    expect(await sweep({ ...roomy, folder, ...limit })).toMatchObject({ keptFiles: 17, deletedFiles: 3 });
    const names = await kept(folder);
    expect([17, 18, 19].filter((index) => names.has(nameOf(index)))).toEqual([]);
  },
);

test("entries of equal age are deleted by name, and only as many as necessary", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 400, () => DAY);
  expect(await sweep({ ...roomy, folder, maxBytes: 400_000 })).toMatchObject({ keptFiles: 320 });
  expect(await kept(folder)).toEqual(new Set(namesOf(400).sort().slice(80)));
});

test("an entry that was used a moment earlier than another is deleted first", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 400, (index) => DAY + ((index * 7) % 400));
  expect(await sweep({ ...roomy, folder, maxFiles: 400 })).toMatchObject({
    keptFiles: 320,
    deletedFiles: 80,
  });
  const oldest = namesOf(400).filter((_, index) => (index * 7) % 400 >= 320);
  expect(oldest).toHaveLength(80);
  expect(await kept(folder)).toEqual(new Set(namesOf(400).filter((name) => !oldest.includes(name))));
});

test("an entry that was unused for CACHE_MAX_IDLE is deleted, unless it is pinned", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 4, (index) => (index + 1) * DAY);
  const pins = new Set([nameOf(3)]);
  expect(await sweep({ ...roomy, folder, pins, maxIdleMs: 2.5 * DAY })).toMatchObject({ deletedFiles: 1 });
  expect(await kept(folder)).toEqual(new Set([nameOf(0), nameOf(1), nameOf(3)]));
});

test("pinned variants are deleted last, the least recently used of them first", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, (index) => (index + 1) * 60 * MINUTE);
  const pins = new Set([5, 6, 7, 8, 9].map(nameOf));
  expect(await sweep({ ...roomy, folder, pins, maxFiles: 8 })).toMatchObject({
    deletedFiles: 4,
    deletedPinned: 0,
  });
  expect(await sweep({ ...roomy, folder, pins, maxFiles: 5 })).toMatchObject({
    deletedFiles: 2,
    deletedPinned: 1,
  });
  expect(await kept(folder)).toEqual(new Set([5, 6, 7, 8].map(nameOf)));
});

test("a fresh entry is never deleted, however full the cache is", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, (index) => (index < 5 ? MINUTE : 60 * MINUTE));
  expect(await sweep({ ...roomy, folder, maxFiles: 1 })).toMatchObject({ keptFiles: 5, deletedFiles: 5 });
  expect(await kept(folder)).toEqual(new Set([0, 1, 2, 3, 4].map(nameOf)));
});

test("the entries of a pod whose clock is behind count as fresh", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, () => 3 * DAY + 10 * MINUTE);
  const summary = await sweep({ ...roomy, folder, maxFiles: 1, now: Date.now });
  expect(summary).toMatchObject({ keptFiles: 10, deletedFiles: 0 });
});

test("the entries of a replica whose clock is a year ahead age from the first sweep on", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, () => -365 * DAY);
  const dry = await sweep({ ...roomy, folder, dryRun: true });
  expect(dry.oldestKeptMs).toBe(0);
  await sweep({ ...roomy, folder });
  const later = await sweep({ ...roomy, folder, maxFiles: 5, now: () => now + DAY });
  expect(later).toMatchObject({ keptFiles: 4, deletedFiles: 6 });
});

test("an entry that was used between the walk and its deletion stays", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, () => DAY);
  const looks: string[] = [];
  const pins = {
    // Called once for each entry of the walk. The reader comes at the last of them.
    has: (name: string) => {
      if (looks.push(name) === 10) utimesSync(pathOf(folder, looks[0] ?? ""), now / 1000, now / 1000);
      return false;
    },
  };
  const summary = await sweep({ ...roomy, folder, pins, maxFiles: 1 });
  expect(summary).toMatchObject({ keptFiles: 1, deletedFiles: 9, oldestKeptMs: 0 });
  expect(await kept(folder)).toEqual(new Set([looks[0]]));
});

test("a dry run counts and deletes nothing", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 20, (index) => (index + 1) * 60 * MINUTE);
  const options = { ...roomy, folder, maxFiles: 10 };
  const dry = await sweep({ ...options, dryRun: true });
  expect((await kept(folder)).size).toBe(20);
  expect(await sweep(options)).toEqual({ ...dry, dryRun: false });
});

test("half-written files of dead writers are deleted after an hour, newer ones stay; files of other programs are only counted", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 1, () => DAY);
  const leaf = dirname(join(folder, ...pathParts(nameOf(0))));
  for (const [name, age] of [
    [".tmp-1-dead", 2 * 60 * MINUTE],
    [".tmp-2-live", 30 * MINUTE],
    ["notes.txt", 300 * DAY],
  ] as const) {
    await writeFile(join(leaf, name), "x");
    await utimes(join(leaf, name), new Date(now - age), new Date(now - age));
  }
  const summary = await sweep({ ...roomy, folder, maxIdleMs: 100 * DAY });
  expect(summary).toMatchObject({ deletedTemporary: 1, foreignFiles: 1, deletedFiles: 0 });
  expect(await kept(folder)).toEqual(new Set([nameOf(0), ".tmp-2-live", "notes.txt"]));
});

test("a sweep that another one overtakes before its deletes deletes no more than necessary", async () => {
  const [folder, copy] = [await temporaryFolder(), await temporaryFolder()];
  for (const place of [folder, copy]) await fill(place, 400, () => DAY);
  await sweep({ ...roomy, folder: copy, maxBytes: 400_000 });
  const left = await kept(copy);
  let looks = 0;
  const has = (): boolean => {
    // The walk calls this once for each entry: at the last of them, the other sweep has just ended.
    if (++looks === 400)
      for (const name of namesOf(400)) if (!left.has(name)) unlinkSync(pathOf(folder, name));
    return false;
  };
  await sweep({ ...roomy, folder, maxBytes: 400_000, pins: { has } });
  expect(looks).toBe(400);
  expect(await kept(folder)).toEqual(left);
});

test("a sweep that another one overtakes during its walk deletes what the other chose, and no more", async () => {
  const [folder, copy] = [await temporaryFolder(), await temporaryFolder()];
  for (const place of [folder, copy]) await fill(place, 400, (index) => DAY + (index % 3) * MINUTE);
  await sweep({ ...roomy, folder: copy, maxBytes: 400_000 });
  const left = await kept(copy);
  const goners = namesOf(400).filter((name) => !left.has(name));
  let looks = 0;
  const has = (): boolean => {
    // The other sweep has done a third of its deletes when this one has walked half of the cache.
    if (++looks === 200) for (const name of goners.slice(0, 27)) unlinkSync(pathOf(folder, name));
    return false;
  };
  await sweep({ ...roomy, folder, maxBytes: 400_000, pins: { has } });
  expect(await kept(folder)).toEqual(left);
});

test("a folder that cannot be read does not count as empty: nothing is deleted and nothing is recorded", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 20, (index) => (index + 1) * 60 * MINUTE);
  await symlink("ff", join(folder, "v1", "ff"));
  await expect(run({ ...roomy, folder, maxFiles: 10 })).rejects.toMatchObject({ code: "ELOOP" });
  await unlink(join(folder, "v1", "ff"));
  expect(await kept(folder)).toEqual(new Set(namesOf(20)));
});

test("sweeps that begin at different seconds of a minute choose the same entries", async () => {
  const [folder, copy] = [await temporaryFolder(), await temporaryFolder()];
  // Entries of a minute on both sides of the boundary.
  for (const place of [folder, copy]) await fill(place, 400, (index) => DAY + index * 300);
  await sweep({ ...roomy, folder, maxBytes: 400_000 });
  await sweep({ ...roomy, folder: copy, maxBytes: 400_000, now: () => now + 25_000 });
  expect(await kept(folder)).toEqual(await kept(copy));
});

test("three sweeps in parallel end between the watermarks", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 600, (index) => DAY + (index % 7) * MINUTE);
  const options = { ...roomy, folder, maxFiles: 500 };
  const summaries = await Promise.all([sweep(options), sweep(options), sweep(options)]);
  const { size } = await kept(folder);
  expect(size).toBe(400);
  expect(summaries.every(({ failedDeletes }) => failedDeletes === 0)).toBe(true);
});

test("published sets, the cache's own records and other folders are not touched", async () => {
  const folder = await temporaryFolder();
  const cache = await createDiskCache({ folder });
  const used = { key: "used.jpg", quality: 60, class: "webp" } as const;
  const loose = { key: "loose.jpg", quality: 60, class: "webp" } as const;
  await cache.write(used, entryOf("used"));
  await cache.write(loose, entryOf("loose"));
  await writeSet(folder, [cache.nameOf(used)]);
  await fill(folder, 1, () => 60 * MINUTE);
  await writeUsage(folder, { bytes: 0, files: 0, swept: now - DAY, tookMs: 0, steady: 0 });
  const summary = await run({ ...roomy, folder, maxIdleMs: DAY });
  expect(summary).toMatchObject({ keptFiles: 2, deletedFiles: 1 });
  expect(await cache.read(used)).toEqual(entryOf("used"));
  expect(await cache.read(loose)).toBeUndefined();
  expect(await readdir(join(folder, "published", "blog"))).toEqual(["main.json"]);
});

test("nothing is evicted while a published set cannot be read, because any entry may belong to it; half-written files are deleted", async () => {
  const folder = await temporaryFolder();
  const cache = await createDiskCache({ folder });
  const variantsOf = (key: string) => ({ key, quality: 60, class: "webp" }) as const;
  for (let at = 0; at < 20; at++) await cache.write(variantsOf(`${at}.jpg`), entryOf("worms"));
  const pins = [0, 1, 2].map((at) => cache.nameOf(variantsOf(`${at}.jpg`)));
  await writeSet(folder, pins);
  const path = join(folder, "published", "blog", "main.json");
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 20));
  const options = { ...roomy, folder, maxFiles: 4, maxIdleMs: DAY };
  const withheld = await run(options);
  expect(withheld).toMatchObject({
    keptFiles: 20,
    deletedFiles: 0,
    unreadSets: ["published/blog/main.json"],
  });
  await writeFile(path, whole);
  expect(await run(options)).toMatchObject({ keptFiles: 3, deletedFiles: 17, unreadSets: [] });
  for (const at of [0, 1, 2]) expect(await cache.read(variantsOf(`${at}.jpg`))).toBeDefined();
});

test("reservations from before a sweep are deleted, later ones are not", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 1, () => DAY);
  const at = new Date(now);
  await writeReservation(folder, "gone", { bytes: 1, files: 1, since: 1 }, at);
  await writeReservation(folder, "here", { bytes: 2, files: 2, since: now }, at);
  for (const [name, used] of [
    ["old", now - DAY],
    ["new", now],
  ] as const) {
    await writeFile(join(folder, "claims", `.tmp-${name}`), "{");
    await utimes(join(folder, "claims", `.tmp-${name}`), new Date(used), new Date(used));
  }
  await run({ ...roomy, folder });
  expect(new Set(await readdir(join(folder, "claims")))).toEqual(new Set(["here", ".tmp-new"]));
  expect(await readReservations(folder, now)).toEqual({ bytes: 2, files: 2 });
});

test("a full volume is swept until CACHE_MIN_FREE is free", async () => {
  const folder = await temporaryFolder();
  await fill(folder, 10, () => DAY);
  expect(await sweep({ ...roomy, folder, minFreeBytes: 1e15 })).toMatchObject({ keptFiles: 0 });
});
