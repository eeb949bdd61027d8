import { utimesSync } from "node:fs";
import { Classifier, type FileClass, lastUse, type Pins } from "./classify.ts";
import { idleBefore, isSteady } from "./clock.ts";
import { Entries } from "./entries.ts";
import { type Evicted, evict, unlink } from "./evict.ts";
import { order } from "./order.ts";
import { type Found, walkCache } from "./walk.ts";
import { excessOf, type Limits } from "./watermarks.ts";

export interface SweepOptions extends Limits {
  /** Unpinned entries that nobody has used for so long go, however much room there is. */
  readonly maxIdleMs: number;
  /** Undefined: not known, because sets cannot be read; then no entry goes. */
  readonly pins: Pins | undefined;
  /** Those sets, by path. */
  readonly unreadSets?: readonly string[];
  /** An entry that was written or used so lately never goes; 5 minutes when absent. */
  readonly freshMs?: number;
  /** Counts what would go and deletes nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Since when that has run evenly, milliseconds since 1970; always when absent. */
  readonly steadySinceMs?: number;
}

/** What a sweep saw and did: the log line, the metrics and the tests' assertion. */
export interface SweepSummary {
  readonly keptFiles: number;
  readonly keptBytes: number;
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Pinned variants among the deleted: the published sites alone are larger than the cache. */
  readonly deletedPinned: number;
  /** Half-written files of writers that died. */
  readonly deletedTemporary: number;
  /** Files that are not ours; counted, never deleted. */
  readonly foreignFiles: number;
  readonly failedDeletes: number;
  /** Published sets that could not be read, by path: no entry was evicted, as any may be theirs. */
  readonly unreadSets: readonly string[];
  /** How long the longest unused of the kept was not used, in milliseconds. */
  readonly oldestKeptMs: number;
  readonly dryRun: boolean;
}

/**
 * Brings the cache below its low watermark if it is above the high one, and deletes what is unused for too long. Any
 * number of sweeps may run at once and be killed at any point: what goes depends only on last uses, names and pins, so
 * all choose alike. `run` adds the last step, the record of it.
 * @throws the system's error when the folder cannot be read.
 */
export async function sweep(options: SweepOptions): Promise<SweepSummary> {
  const nowMs = (options.now ?? Date.now)();
  const { dryRun = false, steadySinceMs = Number.NEGATIVE_INFINITY } = options;
  const signal = options.signal ?? new AbortController().signal;
  const classifier = new Classifier({ ...options, nowMs });
  const seen = new Seen();

  await walkCache(
    options.folder,
    (found) => {
      const fileClass = classifier.classify(found);
      seen.add(found, fileClass);
      if (dryRun) return;
      if (fileClass === "dead") seen.deadFailed += unlink(found.folder, found.name) ? 0 : 1;
      if (fileClass === "misdated" && isSteady(steadySinceMs, nowMs)) backdate(found, nowMs);
    },
    { signal },
  );

  const evicted = await evict(seen.entries, {
    order,
    excess: excessOf(seen, options),
    idleBeforeMs: idleBefore({ ...options, nowMs, steadySinceMs, newestUsedMs: seen.newestUsedMs }),
    dryRun,
    signal,
  });
  return summaryOf(options, seen, evicted, nowMs);
}

/** What the walk found. */
class Seen {
  /** All but half-written files. */
  files = 0;
  bytes = 0;
  foreign = 0;
  dead = 0;
  /** Of the dead: those that could not be deleted. */
  deadFailed = 0;
  /** First and last use of entries, milliseconds since 1970: of those that stay whatever is too much, and of all. */
  oldestKeptMs = Number.POSITIVE_INFINITY;
  newestUsedMs = Number.NEGATIVE_INFINITY;
  /** What may go. */
  readonly entries = new Entries();

  add(found: Found, fileClass: FileClass): void {
    if (fileClass === "dead") this.dead++;
    if (fileClass === "dead" || fileClass === "writing") return;
    this.files++;
    this.bytes += found.bytes;
    if (fileClass === "foreign") this.foreign++;
    if (fileClass === "foreign" || fileClass === "misdated") return;
    const usedMs = lastUse(found);
    this.newestUsedMs = Math.max(this.newestUsedMs, usedMs);
    if (fileClass === "loose" || fileClass === "pinned")
      this.entries.add({
        folder: found.folder,
        name: found.name,
        bytes: found.bytes,
        usedMs,
        rank: fileClass,
      });
    else this.oldestKeptMs = Math.min(this.oldestKeptMs, usedMs);
  }
}

/** As if used now: from then on it ages as the others do. */
function backdate({ folder, name }: Found, nowMs: number): void {
  try {
    utimesSync(`${folder}/${name}`, nowMs / 1000, nowMs / 1000);
  } catch {
    // Gone, or not ours to change: the next sweep sees.
  }
}

function summaryOf(options: SweepOptions, seen: Seen, evicted: Evicted, nowMs: number): SweepSummary {
  const oldestUsedMs = Math.min(nowMs, seen.oldestKeptMs, evicted.oldestUsedMs);
  return {
    keptFiles: seen.files - evicted.files,
    keptBytes: seen.bytes - evicted.bytes,
    deletedFiles: evicted.files,
    deletedBytes: evicted.bytes,
    deletedPinned: evicted.pinned,
    deletedTemporary: seen.dead - seen.deadFailed,
    foreignFiles: seen.foreign,
    failedDeletes: evicted.failed + seen.deadFailed,
    unreadSets: options.unreadSets ?? [],
    oldestKeptMs: Math.round(nowMs - oldestUsedMs),
    dryRun: options.dryRun ?? false,
  };
}
