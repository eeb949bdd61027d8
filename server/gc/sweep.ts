import { utimesSync } from "node:fs";
import { Classifier, type FileClass, lastUse, type Pins } from "./classify.ts";
import { idleBefore, isSteady } from "./clock.ts";
import { Entries } from "./entries.ts";
import { type Evicted, evict, unlink } from "./evict.ts";
import { order } from "./order.ts";
import { type Found, walkCache } from "./walk.ts";
import { excessOf, type Limits } from "./watermarks.ts";

export interface SweepOptions extends Limits {
  /** Unpinned entries that were not used for this time are always deleted. */
  readonly maxIdleMs: number;
  /** Undefined: unknown, because sets cannot be read; then no entry is deleted. */
  readonly pins: Pins | undefined;
  /** Those sets, by path. */
  readonly unreadSets?: readonly string[];
  /** An entry that was written or used within this time is never deleted; default 5 minutes. */
  readonly freshMs?: number;
  /** Counts what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Since when the clock has run evenly, in milliseconds since 1970; default: always. */
  readonly steadySinceMs?: number;
}

/** The result of a sweep, for the log line, the metrics and tests. */
export interface SweepSummary {
  readonly keptFiles: number;
  readonly keptBytes: number;
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Pinned variants among the deleted ones: the published sites alone are larger than the cache. */
  readonly deletedPinned: number;
  /** Half-written files of writers that died. */
  readonly deletedTemporary: number;
  /** Files of other programs; counted, never deleted. */
  readonly foreignFiles: number;
  readonly failedDeletes: number;
  /** Published sets that could not be read, by path: no entry was evicted, because any may belong to them. */
  readonly unreadSets: readonly string[];
  /** Age of the least recently used entry that was kept, in milliseconds. */
  readonly oldestKeptMs: number;
  readonly dryRun: boolean;
}

/**
 * Brings the cache below its low watermark if it is above the high one, and deletes entries that were unused for too long. Any
 * number of sweeps can run in parallel and be killed at any point: the choice depends only on last uses, names and pins, so all
 * choose the same. `run` adds the last step, the record of the result.
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

/** The result of the walk. */
class Seen {
  /** All files except half-written ones. */
  files = 0;
  bytes = 0;
  foreign = 0;
  dead = 0;
  /** Dead files that could not be deleted. */
  deadFailed = 0;
  /** First and last use of entries, in milliseconds since 1970: of those that always stay, and of all. */
  oldestKeptMs = Number.POSITIVE_INFINITY;
  newestUsedMs = Number.NEGATIVE_INFINITY;
  /** Entries that may be deleted. */
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

/** Marks it as used now: from then on it ages as the others do. */
function backdate({ folder, name }: Found, nowMs: number): void {
  try {
    utimesSync(`${folder}/${name}`, nowMs / 1000, nowMs / 1000);
  } catch {
    // Gone, or not changeable: the next sweep decides.
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
