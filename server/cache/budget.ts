import { readUsage, type Usage } from "./usage.ts";

export interface BudgetOptions {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** How often the note of the last sweep is looked at, in milliseconds. */
const LOOK_MS = 10_000;

/**
 * Keeps writers below 100 % between sweeps, which come when they come: what the last sweep left and what this process
 * has stored since. Of other replicas' writes it knows at the next sweep.
 */
export class Budget {
  readonly #folder: string;
  readonly #options: BudgetOptions;
  readonly #now: () => number;
  #usage: Usage = { bytes: 0, files: 0, swept: 0 };
  readonly #stored = { bytes: 0, files: 0 };
  #looked = Number.NEGATIVE_INFINITY;

  constructor(folder: string, options: BudgetOptions, now: () => number) {
    this.#folder = folder;
    this.#options = options;
    this.#now = now;
  }

  /** Whether so many bytes more are within the budget. */
  async admits(bytes: number): Promise<boolean> {
    if (this.#now() - this.#looked >= LOOK_MS) await this.look();
    return (
      this.#usage.bytes + this.#stored.bytes + bytes <= this.#options.maxBytes &&
      this.#usage.files + this.#stored.files < this.#options.maxFiles
    );
  }

  /** A replaced entry counts twice until the next sweep: too much rather than too little. */
  stored(bytes: number): void {
    this.#stored.bytes += bytes;
    this.#stored.files++;
  }

  /** Reads the note of the last sweep. */
  async look(): Promise<void> {
    this.#looked = this.#now();
    const usage = await readUsage(this.#folder);
    if (usage === undefined || usage.swept === this.#usage.swept) return;
    this.#usage = usage;
    this.#stored.bytes = 0;
    this.#stored.files = 0;
  }
}
