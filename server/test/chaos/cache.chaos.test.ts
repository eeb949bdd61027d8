import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createDiskCache } from "../../cache/disk.ts";
import { isEntryName } from "../../cache/name.ts";
import { entryOf, variant } from "../../cache/test/cache-suite.ts";
import { sweep } from "../../gc/sweep.ts";
import { type Actor, type ActorOptions, startActor, type Totals } from "../support/actors.ts";
import { photo } from "../support/pictures.ts";
import { startPod } from "../support/pod.ts";
import { Readers } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { report, sized } from "./chaos.ts";

const roomy = { maxBytes: 1e12, maxFiles: 1e9, minFreeBytes: 0, maxIdleMs: 1e12, pins: new Set<string>() };

async function run(...actors: readonly ActorOptions[]): Promise<Actor[]> {
  const started = actors.map(startActor);
  onTestFinished(() =>
    Promise.all(started.map((actor) => actor.kill().catch(() => {}))).then(() => undefined),
  );
  await Promise.all(started.map(({ ready }) => ready));
  return started;
}

async function totalsOf(actors: readonly Actor[]): Promise<Totals> {
  const all = await Promise.all(actors.map(({ totals }) => totals));
  const sum = (name: keyof Totals) => all.reduce((sum, totals) => sum + totals[name], 0);
  return { done: sum("done"), bad: sum("bad"), missed: sum("missed"), failed: sum("failed") };
}

async function filesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files.filter((file) => file.isFile()).map(({ name }) => name);
}

test("two writers and four readers on one folder: no torn entry is read", async () => {
  const folder = await temporaryFolder();
  const count = sized(12_500, 500);
  const writers = await run({ role: "write", folder }, { role: "write", folder });
  const readers = await run(...Array.from({ length: 4 }, () => ({ role: "read" as const, folder, count })));
  const read = await totalsOf(readers);
  for (const writer of writers) writer.stop();
  const written = await totalsOf(writers);
  expect(read).toMatchObject({ done: 4 * count, bad: 0 });
  expect(written.failed).toBe(0);
  report("C1", `2 writers (${written.done} writes), 4 readers, ${read.done} reads`, `${read.bad} bad`);
});

test("writers killed at any moment leave nothing that is served, and no file forever", async () => {
  const folder = await temporaryFolder();
  const kills = sized(500, 12);
  const atOnce = 4;
  for (let killed = 0; killed < kills; killed += atOnce) {
    const writers = await run(...Array.from({ length: atOnce }, () => ({ role: "write" as const, folder })));
    await Promise.all(writers.map((writer) => sleep(Math.random() * 40).then(writer.kill)));
  }
  const [reader] = await run({ role: "read", folder, count: 200 });
  const read = await totalsOf(reader ? [reader] : []);
  expect(read).toMatchObject({ done: 200, bad: 0 });
  const left = (await filesIn(folder)).filter((name) => !isEntryName(name)).length;
  const swept = await sweep({ ...roomy, folder, now: () => Date.now() + 3_700_000 });
  // The test is only valid if some were killed in the middle of a write.
  expect(left).toBeGreaterThan(0);
  expect(swept.deletedTemporary).toBe(left);
  expect((await filesIn(folder)).filter((name) => !isEntryName(name))).toEqual([]);
  report("C2", `${kills} SIGKILLs of writers`, `${read.bad} bad, ${left} half-written files, all reaped`);
});

test("many parallel writes of the same names leave one file a name", async () => {
  const folder = await temporaryFolder();
  const options = {
    role: "write",
    folder,
    keys: sized(100, 10),
    atOnce: 200,
    count: sized(20_000, 400),
  } as const;
  const written = await totalsOf(await run(options, options));
  expect(written).toMatchObject({ done: 2 * options.count, failed: 0 });
  const names = await filesIn(folder);
  expect(names).toHaveLength(options.keys);
  expect(names.every(isEntryName)).toBe(true);
  report(
    "C5",
    `2 processes × 200 at once, ${written.done} writes of ${options.keys} names`,
    "1 file a name, 0 errors",
  );
});

test("sweeps that constantly delete everything cut no read short", async () => {
  const folder = await temporaryFolder();
  const others = await run(
    { role: "write", folder, keys: 4 },
    { role: "sweep", folder, limits: { maxFiles: 0, freshMs: 0 } },
  );
  const read = { done: 0, bad: 0, missed: 0 };
  // A quick reader can finish before the first sweep; only reads while entries are deleted count.
  do {
    const some = await totalsOf(await run({ role: "read", folder, keys: 4, count: sized(10_000, 500) }));
    read.done += some.done;
    read.bad += some.bad;
    read.missed += some.missed;
  } while (read.missed === 0);
  for (const other of others) other.stop();
  await totalsOf(others);
  expect(read.bad).toBe(0);
  report("C6", `${read.done} reads under sweeps that delete all`, `${read.bad} bad (${read.missed} misses)`);
});

test("sweeps that constantly delete everything cut no response of a server short", async () => {
  const folder = await temporaryFolder();
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  for (const each of [photos, cache]) await mkdir(each);
  await photo(320, 240).jpeg({ quality: 95 }).toFile(join(photos, "worms.jpg"));
  const pod = await startPod({
    SOURCE: photos,
    CACHE_DIR: cache,
    GC_INTERVAL: "0",
    HOT_CACHE_BYTES: "0",
    COLD_BUDGET: "1000000",
    QUEUE_LIMIT: "100",
  });
  const [sweeps] = await run({ role: "sweep", folder: cache, limits: { maxFiles: 0, freshMs: 0 } });
  const answers = sized(10_000, 300);
  const etags = new Map<string, Set<string>>();
  let [hits, misses] = [0, 0];
  const readers = new Readers(16);
  onTestFinished(() => readers.close());
  await readers.each(answers, 16, async (at) => {
    const query = `img=worms.jpg&q=${90 + (at % 4)}&fm=jpg`;
    const { status, headers, body } = await readers.askPatiently(`${pod.url}?${query}`);
    expect([status, body.length]).toEqual([200, Number(headers["content-length"])]);
    if (String(headers["cache-status"]).includes("hit")) hits++;
    else misses++;
    const hash = createHash("sha256").update(body).digest("hex");
    etags.set(query, (etags.get(query) ?? new Set()).add(hash));
  });
  sweeps?.stop();
  expect([...etags.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
  expect(Math.min(hits, misses)).toBeGreaterThan(0);
  report(
    "C6",
    `${answers} answers of a server under the same`,
    `0 cut short (${hits} hits, ${misses} misses)`,
  );
});

test("sweeps delete no entry that was just written", async () => {
  const folder = await temporaryFolder();
  const count = sized(20_000, 500);
  const sweeps = await run(
    { role: "sweep", folder, limits: { maxFiles: 0 } },
    { role: "sweep", folder, limits: { maxBytes: 0 } },
  );
  const [writer] = await run({ role: "write", folder, keys: count, count, atOnce: 4 });
  const written = await totalsOf(writer ? [writer] : []);
  for (const one of sweeps) one.stop();
  await totalsOf(sweeps);
  expect(written).toMatchObject({ done: count, failed: 0 });
  expect(await filesIn(folder)).toHaveLength(count);
  report("C7", `${count} writes under two endless sweeps`, "0 fresh entries lost");
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("skipped: the full volume needs root, to mount a tmpfs");

test.skipIf(!isRoot && process.env.CI !== "true")(
  "a full volume keeps whole entries, fails nobody and is used again",
  async () => {
    const folder = await temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
    onTestFinished(() => void execFileSync("umount", ["-l", folder]));
    let now = Date.now();
    const failures: string[] = [];
    const cache = await createDiskCache({
      folder,
      now: () => now,
      onFailure: (failure) => failures.push(failure),
    });
    const body = entryOf("x".repeat(30_000));
    const rounds = sized(1_000, 100);
    let stored = 0;
    for (let index = 0; index < rounds; index++) {
      if (await cache.write({ ...variant, key: `${index}.jpg` }, body)) stored++;
      now += 31_000;
    }
    expect(stored).toBeGreaterThan(20);
    expect(stored).toBeLessThan(40);
    expect(new Set(failures)).toEqual(new Set(["full"]));
    expect(await filesIn(folder)).toHaveLength(stored);
    for (let index = 0; index < stored; index++)
      expect(await cache.read({ ...variant, key: `${index}.jpg` })).toEqual(body);
    for (const schema of await readdir(folder)) await rm(join(folder, schema), { recursive: true });
    await mkdir(folder, { recursive: true });
    now += 30_001;
    expect(await cache.write(variant, body)).toBe(true);
    report(
      "C3",
      `${rounds} writes on a 1 MiB tmpfs`,
      `${stored} stored whole, 0 short or empty, used again after 30 s`,
    );
  },
);
