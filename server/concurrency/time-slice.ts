import { setImmediate as nextTurn } from "node:timers/promises";

/** Hits wait for this at most, and for what one step does. */
const SLICE_MS = 5;

/** Divides long work on the event loop into short slices: `if (slice.isOver()) await slice.next()` between its steps. */
export class TimeSlice {
  #ends = performance.now() + SLICE_MS;

  isOver(): boolean {
    return performance.now() >= this.#ends;
  }

  /** Resolves when everything else that was due has run. */
  async next(): Promise<void> {
    await nextTurn();
    this.#ends = performance.now() + SLICE_MS;
  }
}
