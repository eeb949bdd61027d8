import { isEntryName, TEMPORARY } from "../cache/name.ts";
import type { Found } from "./walk.ts";

/** The names of variants that published sites use. */
export interface Pins {
  has(name: string): boolean;
}

/** Entries that may be deleted when there is too much: loose ones first, then pinned ones. */
export type Rank = "loose" | "pinned";

/**
 * What a file is to a sweep. `fresh`: an entry that was just written or used. `misdated`: an entry with impossible times.
 * `withheld`: an entry that may be pinned, because published sets cannot be read. `writing` and `dead`: half-written files whose
 * writer may still be alive, or not. `foreign`: a file of another program.
 */
export type FileClass = Rank | "fresh" | "misdated" | "withheld" | "writing" | "dead" | "foreign";

/** A fresh entry has just been made, and readers had no time to request it again. */
const FRESH_MS = 300_000;
const TEMPORARY_MS = 3_600_000;

/** More than the clocks of one cluster differ. */
const FUTURE_MS = 86_400_000;

/** Older than this program: the time of a machine without a battery, or of a copy that kept no times. */
const PAST_MS = Date.UTC(2020, 0);

/** Classifies a file for a sweep that began at a given time. */
export class Classifier {
  readonly nowMs: number;
  readonly #freshMs: number;
  readonly #pins: Pins | undefined;

  constructor(options: {
    readonly nowMs: number;
    readonly pins: Pins | undefined;
    readonly freshMs?: number;
  }) {
    this.nowMs = options.nowMs;
    this.#freshMs = options.freshMs ?? FRESH_MS;
    this.#pins = options.pins;
  }

  classify(found: Found): FileClass {
    if (found.name.startsWith(TEMPORARY)) return this.#sinceChange(found) < TEMPORARY_MS ? "writing" : "dead";
    if (!isEntryName(found.name)) return "foreign";
    const usedMs = lastUse(found);
    if (usedMs < PAST_MS || usedMs - this.nowMs > FUTURE_MS) return "misdated";
    if (this.#sinceChange(found) < this.#freshMs) return "fresh";
    if (this.#pins === undefined) return "withheld";
    return this.#pins.has(found.name) ? "pinned" : "loose";
  }

  #sinceChange(found: Found): number {
    return this.nowMs - found.changedMs;
  }
}

/** When an entry was last used, in milliseconds since 1970: its modification time, or its change time if that is impossible. */
export function lastUse({ modifiedMs, changedMs }: Found): number {
  return modifiedMs < PAST_MS ? changedMs : modifiedMs;
}
