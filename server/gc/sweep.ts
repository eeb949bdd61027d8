import { statfsSync, unlinkSync } from "node:fs";
import { isEntryName, TEMPORARY } from "../cache/name.ts";
import { Ages, type Amount, type Cut, isBeyond, Lots, minuteOf, none } from "./ages.ts";
import { type Found, lookAgain, walkCache } from "./walk.ts";

/** The names of variants that published sites use. */
export interface Pins {
  has(name: string): boolean;
}

export interface SweepOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Bytes to leave free on the volume. */
  readonly minFreeBytes: number;
  /** Unpinned entries that nobody has used for so long go, however much room there is. */
  readonly maxIdleMs: number;
  readonly pins: Pins;
  /** An entry that was written or used so lately never goes; 5 minutes when absent. */
  readonly freshMs?: number;
  /** A writer met a full volume. Where the volume does not tell its size, a tenth goes whatever the limits say. */
  readonly volumeIsFull?: boolean;
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
  /** How long the longest unused of the kept was not used, in milliseconds. */
  readonly oldestKeptMs: number;
  readonly dryRun: boolean;
}

/** Above the high water entries go until the low water: a little headroom, and no sweep a minute later. */
const HIGH_WATER = 0.9;
const LOW_WATER = 0.8;

/** A fresh entry was just paid for, and nobody had the time to ask for it again. */
const FRESH_MS = 300_000;
const TEMPORARY_MS = 3_600_000;

/**
 * Brings the cache below its low water if it is above the high one; oldest first, pinned last. Any number of sweeps
 * may run at once and be killed at any point: what goes depends only on ages, names and pins, so all choose alike.
 * @throws the system's error when the folder cannot be read.
 */
export async function sweep(options: SweepOptions): Promise<SweepSummary> {
  const run = new Sweep(options);
  for (const step of [run.measure, run.drawLines, run.divideMinutes, run.deleteBeyond]) await step.call(run);
  return run.summary();
}

/** What the whole is like by a look at a share of it: enough to know whether a sweep is due. */
export async function estimate(folder: string, every: number, signal: AbortSignal): Promise<Amount> {
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

/** Whether so much is above the high water. */
export function isAboveHighWater(
  amount: Amount,
  limits: Pick<SweepOptions, "folder" | "maxBytes" | "maxFiles" | "minFreeBytes">,
): boolean {
  return (
    amount.bytes > HIGH_WATER * limits.maxBytes ||
    amount.files > HIGH_WATER * limits.maxFiles ||
    missingFreeBytes(limits) > 0
  );
}

// --- one sweep ---

type Rank = "loose" | "pinned";

const nothing: Cut = new Ages().cut(none);

/** What one pass found: never mixed with another's, as other sweeps delete in between. */
class Seen {
  files = 0;
  bytes = 0;
  foreign = 0;
  readonly ages = { loose: new Ages(), pinned: new Ages() };
}

class Sweep {
  readonly #options: SweepOptions;
  readonly #signal: AbortSignal;
  readonly #nowMs: number;
  readonly #minuteEndMs: number;
  readonly #cuts: Record<Rank, Cut> = { loose: nothing, pinned: nothing };
  #seen = new Seen();
  readonly #deleted = { files: 0, bytes: 0, pinned: 0, temporary: 0, failed: 0 };
  #oldestKeptMs = 0;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#nowMs = (options.now ?? Date.now)();
    this.#minuteEndMs = Math.ceil(this.#nowMs / 60_000) * 60_000;
  }

  /** First pass: how much there is, by age. */
  async measure(): Promise<void> {
    await this.#walk((found) => {
      if (found.name.startsWith(TEMPORARY)) this.#reap(found);
      else this.#count(found);
    });
  }

  /** From which age on entries go. */
  drawLines(): void {
    const { loose: looseAges, pinned: pinnedAges } = this.#seen.ages;
    const loose = looseAges.cut(this.#need());
    const idle = { minute: minuteOf(this.#options.maxIdleMs), lot: 0 };
    this.#cuts.loose = loose.cutoff.minute > idle.minute ? { cutoff: idle, left: none } : loose;
    this.#cuts.pinned = pinnedAges.cut(loose.left);
  }

  /**
   * Only when a line falls inside a minute, as after a restore or a flood, is there a pass to divide that minute. It
   * counts everything again: other sweeps may have deleted meanwhile, and what the first pass found too much is then
   * no longer there to take away.
   */
  async divideMinutes(): Promise<void> {
    const { loose, pinned } = this.#cuts;
    if (loose.within === undefined && pinned.within === undefined) return;
    const divided = { loose: loose.cutoff.minute, pinned: pinned.cutoff.minute };
    const lots = { loose: new Lots(), pinned: new Lots() };
    this.#seen = new Seen();
    await this.#walk((found) => {
      if (found.name.startsWith(TEMPORARY)) return;
      this.#count(found);
      const rank = this.#rankOf(found);
      if (this.#isCandidate(found) && minuteOf(this.#ageOf(found)) === divided[rank])
        lots[rank].add(found.name, found.bytes);
    });
    this.drawLines();
    for (const rank of ["loose", "pinned"] as const) {
      const { cutoff, within, left } = this.#cuts[rank];
      // A line that has moved to another minute is drawn beside it: what is missing is the next sweep's.
      if (within !== undefined && cutoff.minute === divided[rank])
        this.#cuts[rank] = { cutoff: { ...cutoff, lot: lots[rank].cut(within) }, left };
    }
  }

  /** Last pass: deletes, each after one more look at it. */
  async deleteBeyond(): Promise<void> {
    await this.#walk((found) => {
      if (!isEntryName(found.name)) return;
      if (this.#isCandidate(found) && this.#isBeyond(found)) this.#delete(found);
      else this.#oldestKeptMs = Math.max(this.#oldestKeptMs, this.#nowMs - found.modifiedMs);
    });
  }

  summary(): SweepSummary {
    return {
      keptFiles: this.#seen.files - this.#deleted.files,
      keptBytes: this.#seen.bytes - this.#deleted.bytes,
      deletedFiles: this.#deleted.files,
      deletedBytes: this.#deleted.bytes,
      deletedPinned: this.#deleted.pinned,
      deletedTemporary: this.#deleted.temporary,
      foreignFiles: this.#seen.foreign,
      failedDeletes: this.#deleted.failed,
      oldestKeptMs: Math.round(this.#oldestKeptMs),
      dryRun: this.#options.dryRun ?? false,
    };
  }

  // --- what is to go ---

  #count(found: Found): void {
    this.#seen.files++;
    this.#seen.bytes += found.bytes;
    if (!isEntryName(found.name)) this.#seen.foreign++;
    else if (!this.#isFresh(found)) this.#seen.ages[this.#rankOf(found)].add(this.#ageOf(found), found.bytes);
  }

  #need(): Amount {
    const { maxBytes, maxFiles } = this.#options;
    const over = (have: number, most: number) => (have > HIGH_WATER * most ? have - LOW_WATER * most : 0);
    const quota = this.#options.volumeIsFull && tellsNoSize(this.#options.folder) ? this.#seen.bytes / 10 : 0;
    return {
      bytes: Math.max(over(this.#seen.bytes, maxBytes), missingFreeBytes(this.#options), quota),
      files: over(this.#seen.files, maxFiles),
    };
  }

  #isBeyond(found: Found): boolean {
    return isBeyond(this.#cuts[this.#rankOf(found)].cutoff, this.#ageOf(found), found.name);
  }

  #isCandidate(found: Found): boolean {
    return isEntryName(found.name) && !this.#isFresh(found);
  }

  #isFresh(found: Found): boolean {
    return this.#nowMs - found.changedMs < (this.#options.freshMs ?? FRESH_MS);
  }

  /** By minutes of the clock, so that sweeps which began at different seconds divide time alike. */
  #ageOf(found: Found): number {
    return Math.max(0, this.#minuteEndMs - found.modifiedMs);
  }

  #rankOf(found: Found): Rank {
    return this.#options.pins.has(found.name) ? "pinned" : "loose";
  }

  // --- files ---

  #walk(visit: (found: Found) => void): Promise<void> {
    return walkCache(this.#options.folder, visit, { signal: this.#signal });
  }

  #reap(found: Found): void {
    if (this.#nowMs - found.changedMs < TEMPORARY_MS) return;
    if (this.#options.dryRun || this.#unlink(found)) this.#deleted.temporary++;
  }

  #delete(found: Found): void {
    const rank = this.#rankOf(found);
    if (!this.#options.dryRun) {
      const again = lookAgain(found);
      // Touched or replaced since: somebody wants it.
      if (again !== undefined && (this.#isFresh(again) || !this.#isBeyond(again))) return;
      if (again !== undefined && !this.#unlink(found)) return;
    }
    this.#deleted.files++;
    this.#deleted.bytes += found.bytes;
    if (rank === "pinned") this.#deleted.pinned++;
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

// --- the volume ---

/** Bytes to free until as much is free as should be. */
function missingFreeBytes({ folder, minFreeBytes }: Pick<SweepOptions, "folder" | "minFreeBytes">): number {
  if (minFreeBytes === 0 || tellsNoSize(folder)) return 0;
  const { bavail, bsize } = statfsSync(folder);
  return Math.max(0, minFreeBytes - bavail * bsize);
}

/** A volume of 0 blocks is not full: CephFS says so without a manager, and below a folder with a quota. */
function tellsNoSize(folder: string): boolean {
  return statfsSync(folder).blocks === 0;
}
