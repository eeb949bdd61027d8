import { readUsage, writeUsage } from "../cache/usage.ts";
import { readPins } from "../published-files.ts";
import { estimate, isAboveHighWater, type SweepOptions, type SweepSummary, sweep } from "./sweep.ts";

export type CollectOptions = Omit<SweepOptions, "pins">;

const DAY_MS = 86_400_000;
/** One folder in 16 tells of a large cache; a cache that looks smaller than this is swept as fast as looked at. */
const LOOK_EVERY = 16;
const SMALL_FILES = 20_000;

/** Sweeps the cache of a folder. */
export async function collect(options: CollectOptions): Promise<SweepSummary> {
  const summary = await sweep({ ...options, pins: await readPins(options.folder) });
  const { keptBytes, keptFiles, dryRun } = summary;
  const swept = (options.now ?? Date.now)();
  if (!dryRun) await writeUsage(options.folder, { bytes: keptBytes, files: keptFiles, swept });
  return summary;
}

/** Sweeps when that is due: above the high water, by a look at a share of the cache, or a day after the last time. */
export async function collectIfDue(options: CollectOptions): Promise<SweepSummary | undefined> {
  return (await isDue(options)) ? await collect(options) : undefined;
}

async function isDue(options: CollectOptions): Promise<boolean> {
  if (options.volumeIsFull) return true;
  const usage = await readUsage(options.folder);
  const now = (options.now ?? Date.now)();
  if (usage === undefined || Math.abs(now - usage.swept) >= DAY_MS) return true;
  const signal = options.signal ?? new AbortController().signal;
  const looked = await estimate(options.folder, LOOK_EVERY, signal);
  return isAboveHighWater(
    looked.files < SMALL_FILES ? await estimate(options.folder, 1, signal) : looked,
    options,
  );
}
