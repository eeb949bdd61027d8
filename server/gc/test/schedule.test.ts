import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pathParts, variantName } from "../../cache/name.ts";
import { readUsage } from "../../cache/usage.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { startTimer } from "../schedule.ts";
import { formatSummary } from "../summary.ts";
import type { SweepSummary } from "../sweep.ts";

const limits = { maxBytes: 10_000, maxFiles: 1_000, minFreeBytes: 0, maxIdleMs: 1e12 };

async function addEntry(folder: string, name: string): Promise<void> {
  const path = join(folder, ...pathParts(variantName({ key: name, quality: 50, class: "jpg" }, "")));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(1_000));
  await utimes(path, new Date(0), new Date(0));
}

function start(folder: string) {
  const sweeps: SweepSummary[] = [];
  const errors: Error[] = [];
  const timer = startTimer({
    run: { ...limits, folder },
    intervalMs: 3_600_000,
    onSweep: (summary) => sweeps.push(summary),
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => timer.stop());
  return { timer, sweeps, errors };
}

test("the first check sweeps and records the size; later ones sweep only above the high watermark", async () => {
  const folder = await temporaryFolder();
  for (let index = 0; index < 8; index++) await addEntry(folder, `${index}.jpg`);
  const { timer, sweeps, errors } = start(folder);
  timer.nudge();
  await expect.poll(() => sweeps.length).toBe(1);
  expect(sweeps[0]).toMatchObject({ keptFiles: 8, keptBytes: 8_000, deletedFiles: 0 });
  expect(await readUsage(folder)).toMatchObject({ files: 8, bytes: 8_000 });
  timer.nudge();
  for (let index = 8; index < 12; index++) await addEntry(folder, `${index}.jpg`);
  await expect
    .poll(
      () => {
        timer.nudge();
        return sweeps.length;
      },
      { interval: 100 },
    )
    .toBe(2);
  expect(sweeps[1]?.keptFiles).toBeGreaterThanOrEqual(8);
  expect(errors).toEqual([]);
});

test("a folder that cannot be swept is an error with a message", async () => {
  const folder = join(await temporaryFolder(), "file");
  await writeFile(folder, "");
  const { timer, sweeps, errors } = start(folder);
  timer.nudge();
  await expect.poll(() => errors.length).toBe(1);
  expect(errors[0]?.message).toContain("the sweep of the cache failed");
  expect(sweeps).toEqual([]);
});

test("the summary of a sweep is one line", () => {
  const summary: SweepSummary = {
    keptFiles: 12_345,
    keptBytes: 3 * 2 ** 30,
    deletedFiles: 1,
    deletedBytes: 2_048,
    deletedPinned: 0,
    deletedTemporary: 2,
    foreignFiles: 0,
    failedDeletes: 0,
    unreadSets: [],
    oldestKeptMs: 3 * 86_400_000,
    dryRun: true,
  };
  expect(formatSummary(summary, { maxBytes: 10 * 2 ** 30 })).toBe(
    "kept 12,345 files, 3.0 GiB (30 % of 10.0 GiB); longest unused 3 d; " +
      "would delete 1 file, 2.0 KiB (0 pinned), 2 half-written files",
  );
});
