import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseFields } from "../cache/fields.ts";
import { publish } from "../cache/files.ts";
import { readPins } from "../published-files.ts";
import { estimate, isAboveHighWater, type SweepOptions, type SweepSummary, sweep } from "./sweep.ts";

export type CollectOptions = Omit<SweepOptions, "pins">;

/** What the last sweep found: writers keep to the budget by it, and the next look knows when a sweep was. */
export interface Usage {
  readonly bytes: number;
  readonly files: number;
  /** Milliseconds since 1970. */
  readonly swept: number;
}

export const USAGE_FILE = "usage.json";

const DAY_MS = 86_400_000;
/** One folder in 16 tells of a large cache; a cache that looks smaller than this is swept as fast as looked at. */
const LOOK_EVERY = 16;
const SMALL_FILES = 20_000;

/** Sweeps the cache of a folder. */
export async function collect(options: CollectOptions): Promise<SweepSummary> {
  const summary = await sweep({ ...options, pins: await readPins(options.folder) });
  if (!summary.dryRun) await writeUsage(options, summary);
  return summary;
}

/** Sweeps when that is due: above the high water, by a look at a share of the cache, or a day after the last time. */
export async function collectIfDue(options: CollectOptions): Promise<SweepSummary | undefined> {
  return (await isDue(options)) ? await collect(options) : undefined;
}

/** undefined when there was no sweep yet, or its note is not legible. */
export async function readUsage(folder: string): Promise<Usage | undefined> {
  const text = await readFile(join(folder, USAGE_FILE), "utf8").catch(() => "");
  const fields = parseFields(text);
  const [bytes, files, swept] = [fields?.count("bytes"), fields?.count("files"), fields?.count("swept")];
  return bytes === undefined || files === undefined || swept === undefined
    ? undefined
    : { bytes, files, swept };
}

async function isDue(options: CollectOptions): Promise<boolean> {
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

async function writeUsage(options: CollectOptions, { keptBytes, keptFiles }: SweepSummary): Promise<void> {
  const now = new Date((options.now ?? Date.now)());
  const usage: Usage = { bytes: keptBytes, files: keptFiles, swept: now.getTime() };
  await publish(options.folder, [USAGE_FILE], Buffer.from(JSON.stringify(usage)), now);
}
