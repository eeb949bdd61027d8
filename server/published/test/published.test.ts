import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Variant } from "../../cache/cache.ts";
import { createDiskCache } from "../../cache/disk.ts";
import { VolumeHung, type WithVolume } from "../../cache/volume-limiter.ts";
import { openPublished, type Published } from "../published.ts";
import { readPins } from "../reader.ts";
import { get, put } from "./sets.ts";

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
const classes = {
  auto: ["auto", "auto-a", "auto-w", "auto-aw"],
  explicit: ["avif", "webp", "jpg", "png"],
} as const;
const asked = (quality: number) => ({ key: "a b.jpg", quality, width: 800 });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
});
afterEach(async () => {
  for (const published of opened.splice(0)) published.close();
  await rm(folder, { recursive: true });
});

test("a set lists its variants, whatever the version and the signature, and exists after a restart", async () => {
  const published = await open();
  expect(published.neverPublished).toBe(true);
  await put(published, "blog", "one", { images: { "a b.jpg": ["w=800&q=66&img=a%20b.jpg&v=0123456789"] } });
  for (const one of [published, await open()]) {
    expect(one.neverPublished).toBe(false);
    expect(one.has({ ...asked(66), version: "9876543210", signature: "x" })).toBe(true);
    expect(one.has(asked(67))).toBe(false);
    expect(await get(one, "blog", "one")).toEqual({ images: { "a b.jpg": ["img=a+b.jpg&q=66&w=800"] } });
  }
});

test("a site keeps its last sets, and other sites keep theirs", async () => {
  const published = await open();
  for (const quality of [60, 61, 62]) {
    clock += 1000;
    await put(published, "blog", `set-${quality}`, set(quality));
  }
  await put(published, "shop", "one", set(70));
  expect(await published.list("blog")).toEqual(["set-62", "set-61"]);
  expect([60, 61, 62, 70].map((quality) => published.has(asked(quality)))).toEqual([false, true, true, true]);
  await published.delete("blog", "set-61");
  expect(published.has(asked(61))).toBe(false);
  expect(await get(published, "blog", "set-61")).toBeUndefined();
});

test("a preview does not count as one of a site's last sets, and expires by itself", async () => {
  const published = await open();
  await put(published, "blog", "one", set(60));
  await put(published, "blog", "two", set(61));
  await put(published, "blog", "preview", { ...set(62), expires: 60 });
  expect([60, 61, 62].map((quality) => published.has(asked(quality)))).toEqual([true, true, true]);
  expect(await get(published, "blog", "preview")).toMatchObject({ expires: 60 });
  clock += 61_000;
  await published.refresh();
  expect([60, 61, 62].map((quality) => published.has(asked(quality)))).toEqual([true, true, false]);
  expect(await readdir(join(folder, "published", "blog"))).toEqual(["one.json", "two.json"]);
});

test("sets have the last release's format: this release reads its sets, and it reads those of this one", async () => {
  const published = await open();
  await mkdir(join(folder, "published", "blog"), { recursive: true });
  const query = "img=a+b.jpg&q=60&w=800";
  const pins = [(await naming())({ ...asked(60), class: "auto" })];
  const theirs = { made: 5, until: 2_000_000, images: { "a b.jpg": [query] }, pins };
  await writeFile(join(folder, "published", "blog", "one.json"), `${JSON.stringify(theirs)}\n`);
  await published.announce();
  expect(await published.list("blog")).toEqual(["one"]);
  expect([published.has(asked(60)), published.has(asked(61))]).toEqual([true, false]);
  expect(["auto", "auto-w"].map((of) => published.isPinned(`${pins[0]?.replace(/[a-z]+$/, of)}`))).toEqual([
    true,
    false,
  ]);
  await put(published, "blog", "two", {
    images: { "a b.jpg": ["w=800&q=60&img=a%20b.jpg"], "c.svg": [] },
    expires: 9,
  });
  expect(JSON.parse(await readFile(join(folder, "published", "blog", "two.json"), "utf8"))).toEqual({
    made: clock,
    until: clock + 9_000,
    images: { "a b.jpg": [query], "c.svg": [] },
    pins: classes.auto.map((of) => pins[0]?.replace(/[a-z]+$/, of)),
  });
});

test("a first publish that arrives slowly closes nothing before it is whole, and one that is cut never does", async () => {
  const published = await open();
  let goOn = () => {};
  const pause = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // More than the buffer that is kept before a write.
  const images = Array.from({ length: 10_000 }, (_, at) => `"${at}.jpg":["img=${at}.jpg&q=60"]`);
  async function* slowly(end: string) {
    yield Buffer.from(`{"images":{${images.join(",")}`);
    await pause;
    yield Buffer.from(end);
  }
  const coming = [published.put("blog", "one", slowly("}}")), published.put("shop", "one", slowly("}"))];
  const refused = expect(coming[1]).rejects.toThrow("the body is not JSON");
  await expect.poll(() => readdir(join(folder, "published")).catch(() => [])).toHaveLength(4);
  const there = await open();
  await published.announce();
  await there.refresh();
  expect([published, there].map((one) => one.neverPublished)).toEqual([true, true]);
  goOn();
  await refused;
  await coming[0];
  await there.refresh();
  expect([published, there].map((one) => one.has({ key: "7.jpg", quality: 60 }))).toEqual([true, true]);
  expect((await readdir(join(folder, "published"))).sort()).toEqual([".changed", ".published", "blog"]);
});

test("a site's first set exists as soon as its folder does", async () => {
  // Another replica reads all the time: from a folder without a set it would conclude that all its sets were deleted.
  let looks = 0;
  for (let site = 0; site < 40; site++) {
    const published = await open();
    let isDone = false;
    const looking = (async () => {
      while (!isDone) {
        const path = join(folder, "published", `blog-${site}`);
        if (existsSync(path)) expect(readdirSync(path), `look ${++looks}`).toEqual(["one.json"]);
        await setImmediate();
      }
    })();
    await put(published, `blog-${site}`, "one", set(60));
    isDone = true;
    await looking;
  }
  expect(looks).toBeGreaterThan(0);
});

test("two parallel publishes of a site's first sets are both kept", async () => {
  const published = [await open(), await open()];
  await Promise.all(published.map((one, at) => put(one, "blog", `set-${at}`, set(60 + at))));
  expect((await readdir(join(folder, "published"))).sort()).toEqual([".changed", ".published", "blog"]);
  expect((await readdir(join(folder, "published", "blog"))).sort()).toEqual(["set-0.json", "set-1.json"]);
});

test("the first set, on a volume that is too slow to be read, closes nothing before it is read", async () => {
  let reads = 0;
  let isSlow = false;
  const withVolume: WithVolume = (access, work) => {
    // The file is seen; the set itself cannot be read in time.
    if (isSlow && access === "read" && ++reads > 4) return Promise.reject(new VolumeHung("slow"));
    return work();
  };
  const nameOf = await naming();
  const there = await openPublished({
    folder,
    keep: 2,
    defaultQuality: 75,
    nameOf,
    changed: () => {},
    lookMs: 0,
    withVolume,
    now: () => clock,
  });
  opened.push(there);
  await put(await open(), "blog", "one", set(60));
  isSlow = true;
  await there.refresh();
  expect([there.neverPublished, there.isComplete]).toEqual([true, false]);
  isSlow = false;
  await there.refresh();
  expect([there.neverPublished, there.isComplete, there.has(asked(60))]).toEqual([false, true, true]);
  // From then on it never opens again.
  [isSlow, reads] = [true, 0];
  await put(await open(), "blog", "two", set(61));
  await there.refresh();
  expect([there.neverPublished, there.has(asked(60)), there.has(asked(61))]).toEqual([false, true, false]);
});

test("a first set that is damaged closes everything", async () => {
  const there = await open();
  await mkdir(join(folder, "published", "blog"), { recursive: true });
  await writeFile(join(folder, "published", "blog", "one.json"), "{");
  await (await open()).announce();
  await there.refresh();
  expect([there.neverPublished, there.isComplete]).toEqual([false, false]);
});

test("a body that is refused at its start is read to its end, because its publisher reads no answer before", async () => {
  const published = await open();
  let sent = 0;
  async function* body() {
    for (; sent < 20; sent++) yield Buffer.from(sent === 0 ? '{"images":{"a.jpg":["img=b.jpg"]},' : " ");
  }
  await expect(published.put("blog", "one", body())).rejects.toThrow("is a query of another key");
  expect(sent).toBe(20);
});

test("files of a dead publish are deleted by the next one, an hour later", async () => {
  const published = await open();
  await put(published, "blog", "one", set(60));
  const at = (name: string) => join(folder, "published", name);
  for (const [name, age] of [
    [".tmp-dead", 3_700_000],
    [".tmp-alive", 3_500_000],
  ] as const) {
    await writeFile(at(name), "{");
    await utimes(at(name), new Date(clock - age), new Date(clock - age));
  }
  await put(published, "blog", "two", set(61));
  expect((await readdir(join(folder, "published"))).sort()).toEqual([
    ".changed",
    ".published",
    ".tmp-alive",
    "blog",
  ]);
});

test("another replica notices a set and a purge when it checks, and not before", async () => {
  let changes = 0;
  const here = await open();
  const there = await open(() => {
    changes += 1;
  });
  await put(here, "blog", "one", set(60));
  await there.refresh();
  expect([there.has(asked(60)), changes]).toEqual([true, 1]);
  await there.refresh();
  expect(changes).toBe(1);
  await here.announce();
  await there.refresh();
  expect(changes).toBe(2);
});

test("the GC gets the entries of every class of readers, of live sets only", async () => {
  const published = await open();
  const nameOf = await naming();
  await put(published, "blog", "one", {
    images: { "a.jpg": ["img=a.jpg&q=60", "fm=avif&img=a.jpg&w=8"], "b.svg": ["img=b.svg"] },
  });
  await put(published, "blog", "preview", { ...set(62), expires: 60 });
  clock += 61_000;
  const { pins, unread } = await readPins(folder, clock);
  expect(unread).toEqual([]);
  const everyClass = Object.values(classes).flat();
  const pinned = (key: string, quality: number, width?: number) =>
    everyClass.filter((of) => pins?.has(nameOf({ key, quality, class: of, ...(width && { width }) })));
  expect(pinned("a.jpg", 60)).toEqual(classes.auto);
  expect(pinned("a.jpg", 75, 8)).toEqual(["avif"]);
  expect([...pinned("b.svg", 75), ...pinned("a b.jpg", 62, 800)]).toEqual([]);
});

test("a variant without q counts as one with the default q", async () => {
  const published = await open();
  await put(published, "blog", "one", { images: { "a.jpg": ["img=a.jpg&w=8"] } });
  const nameOf = await naming();
  const pinned = [75, 74].map((quality) =>
    published.isPinned(nameOf({ key: "a.jpg", width: 8, quality, class: "auto-w" })),
  );
  expect(pinned).toEqual([true, false]);
});

test.each(["", "../x", ".x", "a/b", "x".repeat(65)])("the name %j is refused", async (name) => {
  const published = await open();
  await expect(put(published, "blog", name, set(60))).rejects.toThrow(/up to 64 letters/);
  await expect(get(published, name, "one")).rejects.toThrow(/up to 64 letters/);
});

test("a publisher gets 503 if the volume hangs", async () => {
  let hangs = false;
  const published = await openPublished({
    folder,
    keep: 2,
    defaultQuality: 75,
    nameOf: await naming(),
    changed: () => {},
    lookMs: 0,
    withVolume: (_, work) => (hangs ? Promise.reject(new VolumeHung()) : work()),
  });
  await put(published, "blog", "one", set(50));
  hangs = true;
  for (const work of [
    () => put(published, "blog", "two", set(60)),
    () => get(published, "blog", "one"),
    () => published.list("blog"),
    () => published.delete("blog", "one"),
    () => published.announce(),
  ])
    await expect(work()).rejects.toMatchObject({ code: "busy" });
  // The published set applies to readers during all of this.
  expect(published.has(asked(50))).toBe(true);
});

describe("a set that cannot be read", () => {
  const path = (name: string) => join(folder, "published", "blog", `${name}.json`);
  const openWatched = async (options: { withVolume?: WithVolume; startWithoutVolume?: boolean } = {}) => {
    const unread: string[][] = [];
    const published = await openPublished({
      folder,
      keep: 2,
      defaultQuality: 75,
      nameOf: await naming(),
      changed: () => {},
      lookMs: 0,
      onUnread: (now) => unread.push(now.map(({ path }) => path)),
      ...options,
    });
    opened.push(published);
    return { published, unread };
  };

  test("a set that cannot be read keeps its last known state, is reported once, and is read again without a notification", async () => {
    const { published, unread } = await openWatched();
    const there = await open();
    await put(there, "blog", "one", set(60));
    await published.refresh();
    const whole = await readFile(path("one"));
    await writeFile(path("one"), whole.subarray(0, 40));
    await there.announce();
    for (let look = 0; look < 3; look++) await published.refresh();
    expect([published.has(asked(60)), published.has(asked(61)), published.isComplete]).toEqual([
      true,
      false,
      false,
    ]);
    expect(published.isPinned((await naming())({ ...asked(60), class: "auto" }))).toBe(true);
    await writeFile(path("one"), whole);
    await published.refresh();
    expect([published.has(asked(60)), published.isComplete]).toEqual([true, true]);
    expect(unread).toEqual([["published/blog/one.json"], []]);
  });

  test("a new set that cannot be read is read as soon as possible", async () => {
    const { published } = await openWatched();
    const there = await open();
    await put(there, "blog", "one", set(60));
    await put(there, "blog", "two", set(61));
    const whole = await readFile(path("two"));
    await writeFile(path("two"), whole.subarray(0, 40));
    await published.refresh();
    expect([60, 61].map((quality) => published.has(asked(quality)))).toEqual([true, false]);
    expect(published.neverPublished).toBe(false);
    await writeFile(path("two"), whole);
    await published.refresh();
    expect([60, 61].map((quality) => published.has(asked(quality)))).toEqual([true, true]);
  });

  test.each([
    ["EIO", Object.assign(new Error("EIO: i/o error"), { code: "EIO" })],
    ["no answer", new VolumeHung("the volume does not answer")],
  ])(
    "a set that cannot be read because of %s changes nothing, however often the volume fails meanwhile",
    async (_, error) => {
      const failing = { after: Number.POSITIVE_INFINITY };
      const withVolume: WithVolume = (_, work) => (--failing.after < 0 ? Promise.reject(error) : work());
      const { published } = await openWatched({ withVolume });
      const there = await open();
      await put(there, "blog", "one", set(60));
      await published.refresh();
      await put(there, "blog", "two", set(61));
      // At the stamp, the folder, the site's folder, each file, and the last look at the folder.
      for (let calls = 0; calls < 8; calls++) {
        failing.after = calls;
        await published.refresh().catch(() => undefined);
        expect([published.has(asked(60)), published.has(asked(62))]).toEqual([true, false]);
        expect(published.neverPublished).toBe(false);
      }
      failing.after = Number.POSITIVE_INFINITY;
      await published.refresh();
      expect([60, 61].map((quality) => published.has(asked(quality)))).toEqual([true, true]);
    },
  );

  test("a set that cannot be read is an error for a client that requests it, is listed, and is replaced by newer sets", async () => {
    const { published } = await openWatched();
    await put(published, "blog", "one", set(60));
    await writeFile(path("torn"), '{"made":1,"pi');
    await expect(get(published, "blog", "torn")).rejects.toMatchObject({ code: "internal" });
    expect(new Set(await published.list("blog"))).toEqual(new Set(["one", "torn"]));
    clock = Date.now() + 1000;
    for (const name of ["two", "three"]) {
      clock += 1000;
      await put(await open(), "blog", name, set(61));
    }
    expect(await readdir(join(folder, "published", "blog"))).toEqual(["three.json", "two.json"]);
    clock = 1_000_000;
  });

  test("a set that cannot be read leaves the GC without pins, and is named", async () => {
    const published = await open();
    await put(published, "blog", "one", set(60));
    for (const damage of ['{"made":1,"pi', "[]", '{"made":1,"pins":[1],"images":{}}', ""]) {
      await writeFile(path("torn"), damage);
      const { pins, unread } = await readPins(folder, clock);
      expect([pins, unread.map(({ path }) => path)]).toEqual([undefined, ["published/blog/torn.json"]]);
    }
  });
});

describe("after the first publish", () => {
  test("once something was published, VARIANTS=listed stays closed: without a live set, and after a restart", async () => {
    const published = await open();
    await put(published, "blog", "one", set(60));
    await published.delete("blog", "one");
    for (const one of [published, await open()])
      expect([one.neverPublished, one.hasLive, one.has(asked(60))]).toEqual([false, false, false]);
  });

  test("a running server keeps its last known state when the folder is gone or empty, and follows later publishes", async () => {
    const published = await open();
    await put(published, "blog", "one", set(60));
    await rename(join(folder, "published"), join(folder, "elsewhere"));
    await published.refresh();
    expect([published.has(asked(60)), published.neverPublished, published.isComplete]).toEqual([
      true,
      false,
      false,
    ]);
    await mkdir(join(folder, "published"));
    await published.refresh();
    expect([published.has(asked(60)), published.neverPublished, published.isComplete]).toEqual([
      true,
      false,
      false,
    ]);
    await put(await open(), "blog", "two", set(61));
    await published.refresh();
    expect([60, 61].map((quality) => published.has(asked(quality)))).toEqual([false, true]);
    expect(published.isComplete).toBe(true);
  });

  test("a volume of an earlier version, without the mark, counts as published and gets the mark", async () => {
    const before = await open();
    await put(before, "blog", "one", set(60));
    await before.delete("blog", "one");
    await rm(join(folder, "published", ".published"));
    expect((await open()).neverPublished).toBe(false);
    await expect.poll(() => readdir(join(folder, "published"))).toContain(".published");
  });

  test("the stamp of a purge does not count as a publish", async () => {
    const published = await open();
    await published.announce();
    await published.refresh();
    expect([published.neverPublished, (await open()).neverPublished]).toEqual([true, true]);
  });

  test("a folder that cannot be read at the start is an error, unless the server may start without it", async () => {
    await writeFile(join(folder, "published"), "no folder");
    await expect(open()).rejects.toThrow("ENOTDIR");
  });
});
