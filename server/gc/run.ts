import { opendir } from "node:fs/promises";
import { forgetReservations } from "../cache/reservations.ts";
import { readUsage, type Usage, writeUsage } from "../cache/usage.ts";
import { readPins } from "../published/reader.ts";
import { steadySince } from "./clock.ts";
import { booksOf } from "./room.ts";
import { type SweepOptions, type SweepSummary, sweep } from "./sweep.ts";
import { walkCache } from "./walk.ts";
import { type Amount, isAboveHighWater } from "./watermarks.ts";

export type RunOptions = Omit<SweepOptions, "pins" | "unreadSets" | "steadySinceMs">;

const DAY_MS = 86_400_000;
/** A sample of one folder in 16 is enough for a large cache; sweeping a smaller cache takes no longer than a sample. */
const LOOK_EVERY = 16;
const SMALL_FILES = 20_000;

/** Sweeps a cache folder, and records the result for writers and the next sweep. @throws the system's error when it cannot be read. */
export async function run(options: RunOptions): Promise<SweepSummary> {
  const { folder, now = Date.now } = options;
  const began = performance.now();
  // A folder that does not exist is not an empty cache.
  await opendir(folder).then((opened) => opened.close());
  const { pins, unread } = await readPins(folder);
  const steady = steadySince(await readUsage(folder), now(), options.maxIdleMs);
  const unreadSets = unread.map(({ path }) => path);
  const summary = await sweep({ ...options, pins, unreadSets, steadySinceMs: steady });
  if (!summary.dryRun)
    await record(folder, summary, { swept: now(), tookMs: Math.ceil(performance.now() - began), steady });
  return summary;
}

async function record(
  folder: string,
  { keptBytes, keptFiles }: SweepSummary,
  sweep: Pick<Usage, "swept" | "tookMs" | "steady">,
): Promise<void> {
  await writeUsage(folder, { bytes: keptBytes, files: keptFiles, ...sweep });
  await forgetReservations(folder, sweep.swept);
}

/** Sweeps if a sweep is due: above the high watermark, or a day after the last one. */
export async function runIfDue(options: RunOptions): Promise<SweepSummary | undefined> {
  return (await isDue(options)) ? await run(options) : undefined;
}

async function isDue(options: RunOptions): Promise<boolean> {
  if (options.volumeIsFull) return true;
  const usage = await readUsage(options.folder);
  const now = (options.now ?? Date.now)();
  if (usage === undefined || Math.abs(now - usage.swept) >= DAY_MS) return true;
  const books = await booksOf(options.folder, usage).catch(() => undefined);
  // Unknown: only a sweep can tell.
  if (books === undefined) return true;
  return isAboveHighWater(books, options) || isAboveHighWater(await look(options), options);
}

/** Estimates the whole from a sample. */
async function look({ folder, signal }: RunOptions): Promise<Amount> {
  const looked = await estimate(folder, LOOK_EVERY, signal);
  return looked.files < SMALL_FILES ? await estimate(folder, 1, signal) : looked;
}

async function estimate(
  folder: string,
  every: number,
  signal = new AbortController().signal,
): Promise<Amount> {
  const sum = { bytes: 0, files: 0 };
  await walkCache(
    folder,
    ({ bytes }) => {
      sum.bytes += bytes;
      sum.files++;
    },
    { signal, every },
  );
  return { bytes: sum.bytes * every, files: sum.files * every };
}
