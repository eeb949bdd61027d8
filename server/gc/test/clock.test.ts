import { mkdir, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { pathParts, variantName } from "../../cache/name.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { run } from "../run.ts";
import type { SweepSummary } from "../sweep.ts";

// A sweep compares the times of files with its own clock, and both can be wrong.

const DAY = 86_400_000;
/** The change time of a file cannot be set, so no clock of these tests is behind this one. */
const start = Date.now() + DAY;

/** A cache with some used entries, and a sweep of it with a given clock. */
async function cacheOf(entries: number) {
  const folder = await temporaryFolder();
  const paths = Array.from({ length: entries }, (_, index) => {
    const name = variantName({ key: `${index}.jpg`, quality: 50, class: "jpg" }, "");
    return join(folder, ...pathParts(name));
  });
  const use = async (at: number, ms: number): Promise<void> => utimes(paths[at] ?? "", ms / 1000, ms / 1000);
  for (const [at, path] of paths.entries()) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.alloc(100));
    await use(at, start);
  }
  const sweep = (nowMs: number, limits: { readonly maxFiles?: number } = {}): Promise<SweepSummary> =>
    run({
      folder,
      maxBytes: 1e12,
      maxFiles: 1e9,
      minFreeBytes: 0,
      maxIdleMs: 90 * DAY,
      ...limits,
      now: () => nowMs,
    });
  return { use, sweep, usedAt: async (at: number) => Math.round((await stat(paths[at] ?? "")).mtimeMs) };
}

test("a variant that was unused for CACHE_MAX_IDLE is deleted once sweeps have seen the clock run for that long", async () => {
  const { use, sweep } = await cacheOf(3);
  for (let day = 0; day < 90; day++) {
    await use(0, start + day * DAY);
    expect(await sweep(start + day * DAY)).toMatchObject({ deletedFiles: 0 });
  }
  expect(await sweep(start + 91 * DAY)).toMatchObject({ deletedFiles: 2, keptFiles: 1 });
});

test("a clock that jumps a year ahead makes nothing old, neither at once nor while readers use the entries", async () => {
  const { use, sweep } = await cacheOf(3);
  for (let day = 0; day <= 100; day += 10) {
    for (const at of [0, 1, 2]) await use(at, start + day * DAY);
    await sweep(start + day * DAY);
  }
  const ahead = start + 465 * DAY;
  expect(await sweep(ahead)).toMatchObject({ deletedFiles: 0 });
  await use(0, ahead);
  for (let day = 1; day < 90; day += 30)
    expect(await sweep(ahead + day * DAY)).toMatchObject({ keptFiles: 3 });
  // Space is still made: the least recently used entries are deleted.
  expect(await sweep(ahead + 62 * DAY, { maxFiles: 1 })).toMatchObject({ deletedFiles: 3 });
});

test("a sweep whose clock is years ahead of all others deletes no used entry", async () => {
  const { use, sweep } = await cacheOf(3);
  for (let day = 0; day < 400; day += 20) {
    for (const at of [0, 1, 2]) await use(at, start + day * DAY);
    expect(await sweep(start + (day + 1_000) * DAY)).toMatchObject({ deletedFiles: 0 });
  }
});

test("sweeps whose clocks differ by a year delete nothing because of its idle time", async () => {
  const { use, sweep } = await cacheOf(2);
  for (let day = 0; day < 200; day += 10) {
    await use(0, start + day * DAY);
    expect(await sweep(start + day * DAY)).toMatchObject({ deletedFiles: 0 });
    expect(await sweep(start + (day + 365) * DAY)).toMatchObject({ deletedFiles: 0 });
  }
});

test("an entry with a time of 1970 counts as old as its last change, and stays", async () => {
  const { use, sweep, usedAt } = await cacheOf(3);
  for (let day = 0; day < 90; day += 10) await sweep(start + day * DAY);
  await use(0, 1_000);
  await use(1, start + 85 * DAY);
  // Its change time is the day before `start`.
  expect(await sweep(start + 88 * DAY)).toMatchObject({ deletedFiles: 0 });
  expect(await usedAt(0)).toBe(1_000);
  expect(await sweep(start + 88 * DAY, { maxFiles: 3 })).toMatchObject({ deletedFiles: 1 });
});

test("a sweep whose clock was set back a year trusts the times of entries until it has run for a day", async () => {
  const { sweep, usedAt } = await cacheOf(2);
  await sweep(start);
  expect(await sweep(start - 365 * DAY)).toMatchObject({ deletedFiles: 0, keptFiles: 2 });
  expect(await usedAt(0)).toBe(start);
  await sweep(start - 364 * DAY);
  expect(await usedAt(0)).toBe(start - 364 * DAY);
});
