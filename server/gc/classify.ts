import { isEntryName, TEMPORARY } from "../cache/name.ts";
import type { Found } from "./walk.ts";

/** The names of variants that published sites use. */
export interface Pins {
  has(name: string): boolean;
}

/**
 * What becomes of files when there is too much: loose ones go first, then pinned ones, and nothing else goes. While it is
 * not known what is pinned, entries are withheld.
 */
export type Rank = "loose" | "pinned";
export type EntryClass = Rank | "withheld" | "fresh" | "writing" | "dead" | "foreign";

/** A fresh entry was just paid for, and nobody had the time to ask for it again. */
const FRESH_MS = 300_000;
const TEMPORARY_MS = 3_600_000;

/** Beyond what clocks of one cluster differ by. */
const FUTURE_MS = 86_400_000;

/** Tells what a file is to a sweep that began at a time. */
export class Classifier {
  readonly nowMs: number;
  readonly #freshMs: number;
  readonly #pins: Pins | undefined;
  readonly #minuteEndMs: number;

  constructor(options: {
    readonly nowMs: number;
    readonly pins: Pins | undefined;
    readonly freshMs?: number;
  }) {
    this.nowMs = options.nowMs;
    this.#freshMs = options.freshMs ?? FRESH_MS;
    this.#pins = options.pins;
    this.#minuteEndMs = Math.ceil(options.nowMs / 60_000) * 60_000;
  }

  classify(found: Found): EntryClass {
    if (found.name.startsWith(TEMPORARY)) return this.#sinceChange(found) < TEMPORARY_MS ? "writing" : "dead";
    if (!isEntryName(found.name)) return "foreign";
    if (this.#sinceChange(found) < this.#freshMs) return "fresh";
    if (this.#pins === undefined) return "withheld";
    return this.#pins.has(found.name) ? "pinned" : "loose";
  }

  /** By minutes of the clock, so that sweeps which began at different seconds divide time alike. */
  ageOf(found: Found): number {
    return Math.max(0, this.#minuteEndMs - found.modifiedMs);
  }

  /** Used at a time that is yet to come: a replica with a broken clock wrote it, and it would look fresh until then. */
  isFromTheFuture(found: Found): boolean {
    return found.modifiedMs - this.nowMs > FUTURE_MS;
  }

  #sinceChange(found: Found): number {
    return this.nowMs - found.changedMs;
  }
}
