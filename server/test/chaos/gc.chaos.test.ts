import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Variant } from "../../cache/cache.ts";
import { createDiskCache } from "../../cache/disk.ts";
import { pathParts, variantName } from "../../cache/name.ts";
import { entryOf } from "../../cache/test/cache-suite.ts";
import { type SweepOptions, sweep } from "../../gc/sweep.ts";
import { startActor } from "../support/actors.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Change times cannot be set, so these sweeps run in the future. */
const now = Date.now() + 30 * DAY;

const roomy: Omit<SweepOptions, "folder"> = {
  maxBytes: 1e12,
  maxFiles: 1e9,
  minFreeBytes: 0,
  maxIdleMs: 1e12,
  pins: new Set(),
  now: () => now,
};

const variantOf = (index: number): Variant => ({
  key: `photo-${index}.jpg`,
  width: 800,
  quality: 55,
  class: "webp",
});

/** Files of some bytes each, used `ageOf` before {@link now}. */
function fill(folder: string, from: number, to: number, ageOf: (index: number) => number): void {
  for (let index = from; index < to; index++) {
    const [schema, first, second, name] = pathParts(variantName(variantOf(index), ""));
    const leaf = join(folder, schema, first, second);
    mkdirSync(leaf, { recursive: true });
    writeFileSync(join(leaf, name), "x".repeat(100));
    const used = (now - ageOf(index)) / 1000;
    utimesSync(join(leaf, name), used, used);
  }
}

function countFiles(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).length;
}

test("three sweeps at once always end between the watermarks", async () => {
  const trials = sized(100, 3);
  const sizes: number[] = [];
  const folder = await temporaryFolder();
  for (let trial = 0; trial < trials; trial++) {
    fill(folder, 0, 1_200, (index) => DAY + ((index * 7) % 50) * 30_000);
    const sweeps = [1, 2, 3].map(() => sweep({ ...roomy, folder, maxFiles: 1_000 }));
    await Promise.all(sweeps);
    sizes.push(countFiles(folder));
  }
  // One per cent below the low-water mark, because entries are deleted in lots.
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(790);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(900);
  report(
    "C8",
    `3 sweeps at once, ${trials} trials, watermarks 800 and 900`,
    `${Math.min(...sizes)}–${Math.max(...sizes)} left`,
  );
});

test("a sweep that was killed at any moment is finished by the next", async () => {
  const folder = await temporaryFolder();
  const kills = sized(200, 6);
  fill(folder, 0, 4_000, () => 40 * DAY);
  const limits = { maxFiles: 1_000, freshMs: 0 };
  for (let killed = 0; killed < kills; killed++) {
    const actor = startActor({ role: "sweep", folder, limits });
    await actor.ready;
    await sleep(Math.random() * 60);
    await actor.kill();
    fill(folder, 0, 200, () => 40 * DAY);
  }
  const summary = await sweep({ ...roomy, folder, maxFiles: 1_000 });
  expect(summary.failedDeletes).toBe(0);
  expect(countFiles(folder)).toBe(summary.keptFiles);
  expect(summary.keptFiles).toBeLessThanOrEqual(900);
  report("C8", `${kills} SIGKILLs of sweeps`, `the next one ends at ${summary.keptFiles} of 1,000`);
});

test.each([
  ["the same clock", 0],
  ["a clock ten minutes behind", -600_000],
  ["a clock ten minutes ahead", 600_000],
])("variants that readers request stay, with uses recorded by a replica with %s", async (clock, skewMs) => {
  const folder = await temporaryFolder();
  const entries = sized(10_000, 500);
  let time = Date.now();
  const cache = await createDiskCache({ folder, now: () => time + skewMs });
  for (let index = 0; index < entries; index++) await cache.write(variantOf(index), entryOf(`${index}`));
  time += 2 * HOUR;
  for (let index = 0; index < entries / 10; index++) await cache.read(variantOf(index));
  // Uses are recorded after the answers.
  await cache.write(variantOf(entries), entryOf("last"));
  time += HOUR;
  const summary = await sweep({ ...roomy, folder, maxFiles: entries * 0.3, now: () => time });
  let hot = 0;
  for (let index = 0; index < entries / 10; index++) if (await cache.read(variantOf(index))) hot++;
  expect(summary.deletedFiles).toBeGreaterThan(entries / 2);
  expect(hot).toBeGreaterThanOrEqual(0.99 * (entries / 10));
  report("C10", `${entries} entries, a tenth hot, ${clock}`, `${hot} of ${entries / 10} hot ones survive`);
});

test("a cache with very many entries is swept in limited memory while hits continue", async () => {
  const folder = await temporaryFolder();
  const entries = sized(1_000_000, 5_000);
  fill(folder, 0, entries, (index) => ((index * 7919) % (90 * 24 * 60)) * 60_000);
  // A machine that is busy with other tests does not count as a hung volume.
  const deadlineMs = { read: 60_000, write: 60_000 };
  const cache = await createDiskCache({ folder, volume: { deadlineMs } });
  const [hit, body] = [variantOf(entries), entryOf("hit")];
  await cache.write(hit, body);
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { readFileSync } = await import("node:fs");
       const { sweep } = await import(${JSON.stringify(join(import.meta.dirname, "../../../dist/server/gc/sweep.js"))});
       const summary = await sweep({ folder: ${JSON.stringify(folder)}, maxBytes: 1e12, maxFiles: ${entries}, minFreeBytes: 0,
         maxIdleMs: 1e12, pins: new Set(), now: () => ${now} });
       // getrusage's maxRSS also counts the process before exec: the memory of the test itself.
       const peak = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
       process.stdout.write(JSON.stringify({ ...summary, peak }));`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text;
  });
  let hits = 0;
  const ended = once(child, "close");
  let running = true;
  void ended.then(() => {
    running = false;
  });
  while (running) {
    expect(await cache.read(hit)).toEqual(body);
    hits++;
    await sleep(1);
  }
  const seconds = (performance.now() - started) / 1000;
  const summary = JSON.parse(output);
  expect(summary.keptFiles).toBeLessThanOrEqual(0.9 * entries + 1);
  expect(summary.keptFiles).toBeGreaterThanOrEqual(0.79 * entries);
  expect(hits).toBeGreaterThan(0);
  bounded("seconds of a sweep", seconds, 120);
  expect(summary.peak).toBeLessThan(256 * 1024);
  const most = Math.max(...leafSizes(folder));
  expect(most).toBeLessThan(1_000);
  report(
    "C9",
    `${entries.toLocaleString("en-GB")} entries, ${summary.deletedFiles.toLocaleString("en-GB")} to go, ${hits} hits meanwhile`,
    `${seconds.toFixed(0)} s, ${Math.round(summary.peak / 1024)} MiB, no folder above ${most} files`,
  );
});

function leafSizes(folder: string): number[] {
  const schema = join(folder, "v1");
  return readdirSync(schema).flatMap((first) =>
    readdirSync(join(schema, first)).map((second) => readdirSync(join(schema, first, second)).length),
  );
}

test("entries of another schema are limited together with ours, and are never read as ours", async () => {
  const folder = await temporaryFolder();
  const cache = await createDiskCache({ folder });
  await cache.write(variantOf(1), entryOf("ours"));
  const [, first, second, name] = pathParts(cache.nameOf(variantOf(2)));
  const leaf = join(folder, "v2", first, second);
  mkdirSync(leaf, { recursive: true });
  writeFileSync(join(leaf, name), readFileSync(join(folder, ...pathParts(cache.nameOf(variantOf(1))))));
  utimesSync(join(leaf, name), 1, 1);
  expect(await cache.read(variantOf(2))).toBeUndefined();
  await cache.purge(variantOf(2).key);
  expect(countFiles(folder)).toBe(2);
  await sweep({ ...roomy, folder, maxFiles: 1 });
  expect(await cache.read(variantOf(1))).toBeUndefined();
  expect(countFiles(folder)).toBe(0);
});
