import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CacheFailure } from "../../telemetry/metrics.ts";
import { report } from "../../test/chaos/chaos.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import type { Entry, Variant } from "../cache.ts";
import { createDiskCache, type DiskCacheOptions } from "../disk.ts";
import { pathParts } from "../name.ts";
import { writeUsage } from "../usage.ts";
import { entryOf, record, testCache, variant } from "./cache-suite.ts";

testCache(async () => createDiskCache({ folder: await temporaryFolder() }));

async function createCache(options: Partial<DiskCacheOptions> = {}) {
  const folder = options.folder ?? (await temporaryFolder());
  const failures: CacheFailure[] = [];
  const cache = await createDiskCache({ folder, onFailure: (failure) => failures.push(failure), ...options });
  const pathOf = (variant: Variant) => join(folder, ...pathParts(cache.nameOf(variant)));
  return { cache, folder, failures, pathOf };
}

test("two replicas on one folder see each other's entries; two storages in it do not", async () => {
  const folder = await temporaryFolder();
  const [one, two, other] = await Promise.all([
    createDiskCache({ folder }),
    createDiskCache({ folder }),
    createDiskCache({ folder, namespace: "s3://shop" }),
  ]);
  await one.write(variant, entryOf("worms"));
  expect(await two.read(variant)).toEqual(entryOf("worms"));
  expect(await other.read(variant)).toBeUndefined();
});

test("no part of a key becomes part of a path", async () => {
  const { cache, folder } = await createCache();
  for (const key of ["a/b.jpg", "..", "../../etc/passwd", "a\0b", "x".repeat(1024)])
    await cache.write({ ...variant, key }, entryOf(key));
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  expect(files).toHaveLength(5);
  for (const { name } of files) expect(name).toMatch(/^[0-9a-f]{32}\.800\.55\.auto-aw$/);
});

describe("a foreign file in the place of an entry", () => {
  const good = entryOf("a body that is long enough to be cut and flipped");
  const mutations: Readonly<Record<string, (path: string, other: string) => Promise<void>>> = {
    empty: (path) => truncate(path, 0),
    "cut to a header": (path) => truncate(path, 16),
    "cut by one byte": async (path) => truncate(path, (await stat(path)).size - 1),
    "longer by one byte": (path) => writeFile(path, "x", { flag: "a" }),
    zeros: async (path) => writeFile(path, Buffer.alloc((await stat(path)).size)),
    text: (path) => writeFile(path, "<html>not an image</html>"),
    "another entry's": async (path, other) => writeFile(path, await readFile(other)),
    "another schema's": async (path) => {
      const bytes = (await readFile(path)).subarray(0, -32);
      bytes.writeUInt32BE(2, 4);
      await writeFile(path, Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]));
    },
    "a link": async (path, other) => {
      await rm(path);
      await symlink(other, path);
    },
    "a link to the same, out of the cache": async (path, other) => {
      const outside = join(dirname(other), "outside");
      await rename(path, outside);
      await symlink(outside, path);
    },
    "a link to nothing": async (path) => {
      await rm(path);
      await symlink("/nowhere", path);
    },
    "a folder": async (path) => {
      await rm(path);
      await mkdir(join(path, "sub"), { recursive: true });
    },
    "a pipe": async (path) => {
      await rm(path);
      execFileSync("mkfifo", [path]);
    },
  };
  for (const [name, mutate] of Object.entries(mutations))
    test.each([
      [name, false],
      [`${name}, where it was read before`, true],
    ])(
      "a wrong file in the place of an entry is a miss, and the next write repairs it: %s",
      async (_, isKnown) => {
        const { cache, failures, pathOf } = await createCache();
        const neighbour = { ...variant, quality: 56 };
        await cache.write(variant, good);
        await cache.write(neighbour, entryOf("neighbour"));
        if (isKnown) expect(await cache.read(variant)).toEqual(good);
        await mutate(pathOf(variant), pathOf(neighbour));
        expect(await cache.readMeta(variant)).toBeUndefined();
        expect(await cache.read(variant)).toBeUndefined();
        if (name !== "a link to nothing") expect(failures).toContain("corrupt");
        expect(await cache.write(variant, good)).toBe(true);
        expect(await cache.read(variant)).toEqual(good);
        expect(await cache.read(neighbour)).toEqual(entryOf("neighbour"));
      },
    );

  test("an entry with any single flipped bit is a miss, and the next write repairs it", async () => {
    const { cache, pathOf } = await createCache();
    await cache.write(variant, good);
    const whole = await readFile(pathOf(variant));
    for (let bit = 0; bit < whole.length * 8; bit += 7) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await writeFile(pathOf(variant), flipped);
      expect(await cache.read(variant), `bit ${bit}`).toBeUndefined();
    }
    const bits = Math.ceil((whole.length * 8) / 7);
    report(
      "C4",
      `${Object.keys(mutations).length} kinds of damage, ${bits} flipped bits`,
      "0 served, all healed by the next write",
    );
  });

  test("an entry with a damaged body is listed until it is read, and then it is a miss", async () => {
    const { cache, pathOf } = await createCache();
    await cache.write(variant, good);
    const file = await readFile(pathOf(variant));
    file.writeUInt8(file.readUInt8(file.length - 33) ^ 1, file.length - 33);
    await writeFile(pathOf(variant), file);
    expect(await cache.readMeta(variant)).toEqual(good.meta);
    expect(await cache.read(variant)).toBeUndefined();
    await expect.poll(() => cache.readMeta(variant)).toBeUndefined();
  });
});

test("a store leaves only the entry in its folder", async () => {
  const { cache, pathOf } = await createCache();
  await Promise.all(Array.from({ length: 20 }, () => cache.write(variant, entryOf("worms"))));
  expect(await readdir(dirname(pathOf(variant)))).toEqual([cache.nameOf(variant)]);
});

test.each(["longer than before", "short"])(
  "an entry that was replaced after its last read is read again: %s",
  async (text) => {
    const { cache, folder } = await createCache();
    const other = await createCache({ folder });
    await cache.write(variant, entryOf("as before"));
    expect(await cache.read(variant)).toEqual(entryOf("as before"));
    await other.cache.write(variant, entryOf(text));
    expect(await cache.read(variant)).toEqual(entryOf(text));
  },
);

test("a use of an entry is recorded once an hour", async () => {
  let now = Date.now();
  const { cache, pathOf } = await createCache({ now: () => now });
  await cache.write(variant, entryOf("worms"));
  const modified = async () => Math.round((await stat(pathOf(variant))).mtimeMs);
  const made = await modified();
  now += 3_500_000;
  await cache.read(variant);
  expect(await modified()).toBe(made);
  now += 200_000;
  await cache.read(variant);
  await expect.poll(modified).toBe(now);
  // If another replica's clock is far ahead, its entry is not kept longer than all others.
  await utimes(pathOf(variant), new Date(now + 86_400_000), new Date(now + 86_400_000));
  await cache.read(variant);
  await expect.poll(modified).toBe(now);
});

test("a volume that refuses writes is tried again after half a minute, and no request fails", async () => {
  let now = Date.now();
  const { cache, folder, failures } = await createCache({ now: () => now });
  await cache.write(variant, entryOf("worms"));
  await rm(folder, { recursive: true });
  const other = { ...variant, key: "other.jpg" };
  expect(await cache.write(other, entryOf("other"))).toBe(false);
  expect(await cache.read(variant)).toBeUndefined();
  expect(failures).toEqual(["error"]);
  await mkdir(folder);
  expect(await cache.write(other, entryOf("other"))).toBe(false);
  expect(failures).toEqual(["error"]);
  now += 30_001;
  expect(await cache.write(other, entryOf("other"))).toBe(true);
});

test("a damaged source entry counts as absent", async () => {
  const { cache, folder } = await createCache();
  await cache.changeRecord("worms.jpg", () => record);
  const [file] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".source"));
  await truncate(join(folder, file ?? ""), 60);
  expect(await cache.readRecord("worms.jpg")).toBeUndefined();
});

test("the cache folder and its parents are created", async () => {
  const folder = join(await temporaryFolder(), "a", "b");
  const { cache } = await createCache({ folder });
  expect(await cache.write(variant, entryOf("worms"))).toBe(true);
});

test("nothing is stored above the limit until a sweep has made room", async () => {
  let now = Date.now();
  const folder = await temporaryFolder();
  const { cache, failures } = await createCache({
    folder,
    now: () => now,
    budget: { maxBytes: 10_000, maxFiles: 100 },
  });
  const write = (index: number) => cache.write({ ...variant, key: `${index}.jpg` }, entryOf("x".repeat(700)));
  let stored = 0;
  while (stored < 20 && (await write(stored))) stored++;
  expect(stored).toBe(10);
  expect(failures).toEqual(["full"]);
  now += 30_001;
  expect(await write(stored)).toBe(false);
  await writeUsage(folder, { bytes: 4_000, files: 4, swept: now, tookMs: 0 });
  now += 30_001;
  expect(await write(stored)).toBe(true);
  await writeUsage(folder, { bytes: 0, files: 100, swept: now, tookMs: 0 });
  now += 30_001;
  expect(await write(stored + 1)).toBe(false);
});

test("replicas on one folder keep to one limit together", async () => {
  const folder = await temporaryFolder();
  const budget = { maxBytes: 100_000, maxFiles: 1_000 };
  const replicas = [await createCache({ folder, budget }), await createCache({ folder, budget })];
  let stored = 0;
  for (let index = 0; index < 400; index++) {
    const write = replicas[index % 2]?.cache.write(
      { ...variant, key: `${index}.jpg` },
      entryOf("x".repeat(700)),
    );
    if (await write) stored++;
  }
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries = files.filter((file) => file.isFile() && file.name.endsWith(".auto-aw"));
  expect(entries).toHaveLength(stored);
  const sizes = await Promise.all(
    entries.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  // Space that a write has reserved and not used yet stays free.
  expect(bytes).toBeLessThanOrEqual(100_000);
  expect(bytes).toBeGreaterThan(98_000);
});

test("entries that were stored during a sweep, and that it did not see, still count after it", async () => {
  let now = Date.now();
  const folder = await temporaryFolder();
  const budget = { maxBytes: 10_000, maxFiles: 100 };
  const { cache } = await createCache({ folder, now: () => now, budget });
  const write = (index: number) => cache.write({ ...variant, key: `${index}.jpg` }, entryOf("x".repeat(700)));
  for (let index = 0; index < 8; index++) expect(await write(index)).toBe(true);
  now += 20_000;
  await writeUsage(folder, { bytes: 0, files: 0, swept: now, tookMs: 60_000 });
  expect([await write(8), await write(9), await write(10)]).toEqual([true, true, false]);
});

test("equal bytes that another replica has just stored are not written again", async () => {
  const folder = await temporaryFolder();
  const [one, other] = [await createCache({ folder }), await createCache({ folder })];
  const path = join(folder, ...pathParts(one.cache.nameOf(variant)));
  const entry = entryOf("worms");
  await one.cache.write(variant, entry);
  const { ino } = await stat(path);
  expect(await other.cache.write(variant, { ...entry, meta: { ...entry.meta, made: 2 } })).toBe(true);
  expect((await stat(path)).ino).toBe(ino);
  expect(await other.cache.write(variant, entryOf("better worms"))).toBe(true);
  expect(await one.cache.read(variant)).toEqual(entryOf("better worms"));
});

test("a release replaces entries of an older look, even by equal bytes, and leaves those of a newer one alone", async () => {
  const { cache } = await createCache({ folder: await temporaryFolder() });
  const of = (body: string, look: number, more: object = {}) => {
    const entry = entryOf(body);
    return { ...entry, meta: { ...entry.meta, look, ...more } };
  };
  const stored = async (entry: Entry) => {
    await cache.write(variant, entry);
    return (await cache.read(variant))?.meta;
  };
  expect(await stored(of("worms", 1))).toMatchObject({ look: 1 });
  expect(await stored(of("worms", 2))).toMatchObject({ look: 2 });
  expect(await stored(of("worms as they looked", 1))).toMatchObject({ look: 2 });
  // Another original is another matter, as is what took more effort.
  expect(await stored(of("other worms", 1, { validator: '"other"' }))).toMatchObject({ look: 1 });
  expect(await stored(of("other worms", 2, { validator: '"other"' }))).toMatchObject({ look: 2 });
  expect(await stored(of("slow worms", 1, { validator: '"other"', effort: 9 }))).toMatchObject({ look: 1 });
});

test("a reader's image does not replace one that a publish has made meanwhile, and a publish's replaces it", async () => {
  const { cache } = await createCache({ folder: await temporaryFolder() });
  const of = (body: string, more: object) => {
    const entry = entryOf(body);
    return { ...entry, meta: { ...entry.meta, ...more } };
  };
  const stored = async (entry: Entry) => {
    await cache.write(variant, entry);
    return String((await cache.read(variant))?.body);
  };
  expect(await stored(of("instead", { effort: 4, substitute: true }))).toBe("instead");
  expect(await stored(of("quick", { effort: 1 }))).toBe("quick");
  expect(await stored(of("small", { effort: 3 }))).toBe("small");
  expect(await stored(of("quick", { effort: 1 }))).toBe("small");
  expect(await stored(of("instead", { effort: 4, substitute: true, contentType: "image/x" }))).toBe("small");
  // What is tuned otherwise is not as good, whatever its effort or its bytes: the next publish would make it again, and so for ever.
  expect(await stored(of("tuned", { effort: 0, offset: 3 }))).toBe("tuned");
  expect(await stored(of("tuned", { effort: 0, offset: -1 }))).toBe("tuned");
  expect((await cache.read(variant))?.meta.offset).toBe(-1);
  // Another original is another matter.
  expect(await stored(of("new", { effort: 0, validator: '"new"' }))).toBe("new");
});

test("of two formats that one variant can have, a publish's stays, and the last of two readers' is kept", async () => {
  const { cache } = await createCache({
    isOfPublish: ({ contentType, effort }) => effort >= (contentType === "image/jpeg" ? 1 : 5),
  });
  const stored = async (contentType: string, effort: number) => {
    const entry = entryOf(contentType);
    await cache.write(variant, { ...entry, meta: { ...entry.meta, contentType, effort } });
    return (await cache.read(variant))?.meta.contentType;
  };
  expect(await stored("image/jpeg", 0)).toBe("image/jpeg");
  expect(await stored("image/webp", 4)).toBe("image/webp");
  expect(await stored("image/jpeg", 1)).toBe("image/jpeg");
  // The reader's encode began before the publish, and ends after it. Its number of effort says nothing beside a JPEG's.
  expect(await stored("image/webp", 4)).toBe("image/jpeg");
  expect(await stored("image/webp", 6)).toBe("image/webp");
});

test("of a source's entries the least recently used are evicted, but none of another source, and not the source entry", async () => {
  const folder = await temporaryFolder();
  const neighbour = { ...variant, key: "other.jpg" };
  let now = Date.now();
  const { cache } = await createCache({ folder, now: () => now });
  await cache.write(neighbour, entryOf("neighbour"));
  await cache.changeRecord(variant.key, () => record);
  const at = (width: number) => ({ ...variant, width });
  for (const width of [103, 101, 102, 100]) {
    now += 1_000;
    await cache.write(at(width), entryOf(`${width}`));
  }
  const names = (await cache.entriesOf(variant.key)) ?? [];
  expect(new Set(names)).toEqual(new Set([100, 101, 102, 103].map((width) => cache.nameOf(at(width)))));
  expect(await cache.evict([...names, cache.nameOf(at(99))], 3)).toBe(2);
  expect(await cache.read(at(100))).toEqual(entryOf("100"));
  expect(await cache.read(at(102))).toEqual(entryOf("102"));
  expect(await cache.read(neighbour)).toEqual(entryOf("neighbour"));
  expect(await cache.readRecord(variant.key)).toEqual(record);
});
