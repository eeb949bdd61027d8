import { randomUUID } from "node:crypto";
import { readReservations, writeReservation } from "./reservations.ts";
import { readUsage, type Usage } from "./usage.ts";

export interface QuotaOptions {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** Time between two looks at the last sweep's record, in milliseconds. */
const LOOK_MS = 10_000;

/** Minimum share of the whole that a replica reserves: a few hundred reservations fill a cache. */
const CLAIM_SHARE = 0.0025;

/**
 * Keeps writers below 100 % between sweeps: it adds up the size after the last sweep, the bytes that this process has stored
 * since, and the reservations of other replicas. Two reservations at the same moment do not see each other, so the total can be
 * too high by one reservation each.
 */
export class Quota {
  readonly #folder: string;
  readonly #options: QuotaOptions;
  readonly #now: () => number;
  readonly #replica = randomUUID();
  #usage: Usage = { bytes: 0, files: 0, swept: 0, tookMs: 0 };
  readonly #stored = new Stored();
  #claimed = { bytes: 0, files: 0 };
  #looked = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a monotonic clock. */
  constructor(folder: string, options: QuotaOptions, now: () => number) {
    this.#folder = folder;
    this.#options = options;
    this.#now = now;
  }

  /** Whether this number of bytes still fits. @throws the system's error when the reservation cannot be written. */
  async admits(bytes: number): Promise<boolean> {
    if (this.#now() - this.#looked >= LOOK_MS) await this.#look();
    const { sum } = this.#stored;
    if (sum.bytes + bytes <= this.#claimed.bytes && sum.files < this.#claimed.files) return true;
    return await this.#claim(bytes);
  }

  /** A replaced entry counts twice until the next sweep: too high is safer than too low. */
  stored(bytes: number): void {
    this.#stored.add(bytes, this.#now());
  }

  async #look(): Promise<void> {
    this.#looked = this.#now();
    const usage = await readUsage(this.#folder);
    if (usage === undefined || usage.swept === this.#usage.swept) return;
    this.#usage = usage;
    // The record may be as old as the last look, and bytes that were stored during the sweep are counted nowhere else.
    this.#stored.forgetBefore(this.#now() - usage.tookMs - LOOK_MS);
    this.#claimed = { bytes: 0, files: 0 };
  }

  async #claim(bytes: number): Promise<boolean> {
    const { maxBytes, maxFiles } = this.#options;
    const { sum } = this.#stored;
    const others = await readReservations(this.#folder, this.#usage.swept, this.#replica);
    const left = {
      bytes: maxBytes - this.#usage.bytes - others.bytes - sum.bytes,
      files: maxFiles - this.#usage.files - others.files - sum.files,
    };
    if (left.bytes < bytes || left.files < 1) return false;
    this.#claimed = {
      bytes: sum.bytes + Math.min(left.bytes, Math.max(bytes, Math.ceil(CLAIM_SHARE * maxBytes))),
      files: sum.files + Math.min(left.files, Math.ceil(CLAIM_SHARE * maxFiles)),
    };
    await writeReservation(
      this.#folder,
      this.#replica,
      { ...this.#claimed, since: this.#usage.swept },
      new Date(),
    );
    return true;
  }
}

// --- what was stored, by when ---

/** Maximum duration of a sweep, in seconds. */
const SECONDS = 600;

class Stored {
  readonly sum = { bytes: 0, files: 0 };
  readonly #bySecond: { readonly second: number; bytes: number; files: number }[] = [];

  add(bytes: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    let last = this.#bySecond.at(-1);
    if (last?.second !== second) {
      last = { second, bytes: 0, files: 0 };
      this.#bySecond.push(last);
      if (this.#bySecond.length > SECONDS) this.#bySecond.shift();
    }
    for (const count of [last, this.sum]) {
      count.bytes += bytes;
      count.files++;
    }
  }

  forgetBefore(ms: number): void {
    while ((this.#bySecond[0]?.second ?? Number.POSITIVE_INFINITY) < Math.floor(ms / 1000))
      this.#bySecond.shift();
    this.sum.bytes = this.#bySecond.reduce((sum, { bytes }) => sum + bytes, 0);
    this.sum.files = this.#bySecond.reduce((sum, { files }) => sum + files, 0);
  }
}
