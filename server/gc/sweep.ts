import { unlinkSync, utimesSync } from "node:fs";
import { Classifier, type EntryClass, type Pins } from "./classify.ts";
import { Cutoffs, Seen } from "./cutoff.ts";
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
 * Brings the cache below its low water if it is above the high one; oldest first, pinned last. Any number of sweeps
 * may run at once and be killed at any point: what goes depends only on ages, names and pins, so all choose alike.
 *
 * Deletes have no pace of their own. They go one after the other, and each waits for the volume: on CephFS that is 185 a
 * second from one client, which leaves the MDS to others, and a flood must not be faster than its sweep.
 * @throws the system's error when the folder cannot be read.
 */
export async function sweep(options: SweepOptions): Promise<SweepSummary> {
  const run = new Sweep(options);
  let [seen, lines] = await run.measure();
  if (lines.divideMinutes) [seen, lines] = await run.divide(lines);
  if (lines.takeAnything) seen.oldestMs = await run.deleteBeyond(lines);
  return run.summary(seen);
}

// --- one sweep ---

class Sweep {
  readonly #options: SweepOptions;
  readonly #signal: AbortSignal;
  readonly #judge: Classifier;
  readonly #deleted = { files: 0, bytes: 0, pinned: 0, temporary: 0, failed: 0 };

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#judge = new Classifier({ ...options, nowMs: (options.now ?? Date.now)() });
  }

  /** First walk: how much there is, by age. */
  async measure(): Promise<[Seen, Cutoffs]> {
    const seen = new Seen();
    await this.#walk((found, verdict) => {
      if (verdict === "dead") this.#reap(found);
      else if (verdict !== "writing") seen.add(found, verdict, this.#judge);
      if (this.#judge.isFromTheFuture(found)) this.#backdate(found);
    });
    return [seen, this.#linesOf(seen)];
  }

  /**
   * Second walk, seldom needed. It counts everything again: other sweeps may have deleted meanwhile, and what the first
   * walk found too much is then no longer there to take away.
   */
  async divide(first: Cutoffs): Promise<[Seen, Cutoffs]> {
    const seen = new Seen();
    await this.#walk((found, verdict) => {
      if (verdict === "dead" || verdict === "writing") return;
      seen.add(found, verdict, this.#judge);
      if (verdict === "loose" || verdict === "pinned")
        first.addToLot(found, verdict, this.#judge.ageOf(found));
    });
    const lines = this.#linesOf(seen);
    lines.divideAs(first);
    return [seen, lines];
  }

  /**
   * Last walk: each file is looked at once more, and goes only if it is still beyond its line: what was used or replaced
   * meanwhile is wanted. Returns how long the longest unused of the kept was not used, in milliseconds.
   */
  async deleteBeyond(lines: Cutoffs): Promise<number> {
    let oldestMs = 0;
    await this.#walk((found, verdict) => {
      const rank = verdict === "loose" || verdict === "pinned" ? verdict : undefined;
      if (rank !== undefined && lines.isBeyond(found, rank, this.#judge.ageOf(found))) {
        if (!this.#options.dryRun && !this.#unlink(found)) return;
        this.#deleted.files++;
        this.#deleted.bytes += found.bytes;
        if (rank === "pinned") this.#deleted.pinned++;
      } else if (rank !== undefined || verdict === "fresh")
        oldestMs = Math.max(oldestMs, this.#judge.nowMs - found.modifiedMs);
    });
    return oldestMs;
  }

  summary(seen: Seen): SweepSummary {
    return {
      keptFiles: seen.files - this.#deleted.files,
      keptBytes: seen.bytes - this.#deleted.bytes,
      deletedFiles: this.#deleted.files,
      deletedBytes: this.#deleted.bytes,
      deletedPinned: this.#deleted.pinned,
      deletedTemporary: this.#deleted.temporary,
      foreignFiles: seen.foreign,
      failedDeletes: this.#deleted.failed,
      unreadSets: this.#options.unreadSets ?? [],
      oldestKeptMs: Math.round(seen.oldestMs),
      dryRun: this.#options.dryRun ?? false,
    };
  }

  #linesOf(seen: Seen): Cutoffs {
    return new Cutoffs(seen, excessOf(seen, this.#options), this.#options.maxIdleMs);
  }

  // --- files ---

  #walk(visit: (found: Found, verdict: EntryClass) => void): Promise<void> {
    return walkCache(this.#options.folder, (found) => visit(found, this.#judge.classify(found)), {
      signal: this.#signal,
    });
  }

  #reap(found: Found): void {
    if (this.#options.dryRun || this.#unlink(found)) this.#deleted.temporary++;
  }

  /** As if used now: from then on it ages as the others do. */
  #backdate({ path }: Found): void {
    if (this.#options.dryRun) return;
    try {
      utimesSync(path, this.#judge.nowMs / 1000, this.#judge.nowMs / 1000);
    } catch {
      // Gone, or not ours to change: the next sweep sees.
    }
  }

  #unlink({ path }: Found): boolean {
    try {
      unlinkSync(path);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return true;
      this.#deleted.failed++;
      return false;
    }
  }
}
