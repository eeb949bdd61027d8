import type { Classifier, EntryClass, Rank } from "./classify.ts";
import { type Amount, Buckets, type Cut, Histogram, isBeyond, minuteOf, none } from "./histogram.ts";
import type { Found } from "./walk.ts";

/** A minute that holds no more than this share of the cache is not worth a walk of its own to divide it. */
const GRAIN = 0.005;

/** What one walk found: never mixed with another's, as other sweeps delete in between. */
export class Seen {
  files = 0;
  bytes = 0;
  foreign = 0;
  /** How long the longest unused was not used, in milliseconds. */
  oldestMs = 0;
  readonly ages: Readonly<Record<Rank, Histogram>> = { loose: new Histogram(), pinned: new Histogram() };

  add(found: Found, verdict: EntryClass, judge: Classifier): void {
    this.files++;
    this.bytes += found.bytes;
    if (verdict === "foreign") this.foreign++;
    else this.oldestMs = Math.max(this.oldestMs, judge.nowMs - found.modifiedMs);
    if (verdict === "loose" || verdict === "pinned") this.ages[verdict].add(judge.ageOf(found), found.bytes);
  }
}

/** From which age on entries go, loose ones first. */
export class Cutoffs {
  readonly #seen: Seen;
  readonly #cuts: Record<Rank, Cut>;
  readonly #lots: Readonly<Record<Rank, Buckets>> = { loose: new Buckets(), pinned: new Buckets() };

  /** @param maxIdleMs loose entries unused for longer go, however much room there is. */
  constructor(seen: Seen, excess: Amount, maxIdleMs: number) {
    this.#seen = seen;
    const grain = { bytes: GRAIN * seen.bytes, files: GRAIN * seen.files };
    const loose = seen.ages.loose.cut(excess, grain);
    const idle = { minute: minuteOf(maxIdleMs), lot: 0 };
    this.#cuts = {
      loose: loose.cutoff.minute > idle.minute ? { cutoff: idle, left: none } : loose,
      pinned: seen.ages.pinned.cut(loose.left, grain),
    };
  }

  /** Whether a line falls inside a minute that holds much, as after a restore or a flood. */
  get divideMinutes(): boolean {
    return this.#cuts.loose.within !== undefined || this.#cuts.pinned.within !== undefined;
  }

  get takeAnything(): boolean {
    const { loose, pinned } = this.#seen.ages;
    return loose.reachBeyond(this.#cuts.loose) || pinned.reachBeyond(this.#cuts.pinned);
  }

  /** Counts a file of a second walk that lies in a minute to be divided. */
  addToLot(found: Found, rank: Rank, ageMs: number): void {
    if (minuteOf(ageMs) === this.#cuts[rank].cutoff.minute) this.#lots[rank].add(found.name, found.bytes);
  }

  /**
   * Divides the minutes of `first` by the lots that it has counted. A line that has moved to another minute since is drawn
   * beside that: what is missing is the next sweep's.
   */
  divideAs(first: Cutoffs): void {
    for (const rank of ["loose", "pinned"] as const) {
      const { cutoff, within, left } = this.#cuts[rank];
      if (within !== undefined && cutoff.minute === first.#cuts[rank].cutoff.minute)
        this.#cuts[rank] = { cutoff: { ...cutoff, lot: first.#lots[rank].cut(within) }, left };
    }
  }

  isBeyond(found: Found, rank: Rank, ageMs: number): boolean {
    return isBeyond(this.#cuts[rank].cutoff, ageMs, found.name);
  }
}
