import { setImmediate as nextTurn } from "node:timers/promises";

/** Maximum delay of a hit, apart from the duration of one step. */
const SLICE_MS = 5;

/** Divides long work on the event loop into short slices: `if (slice.isOver()) await slice.next()` between its steps. */
export class TimeSlice {
  #ends = performance.now() + SLICE_MS;

  isOver(): boolean {
    return performance.now() >= this.#ends;
  }

  /** Resolves when all other due callbacks have run. */
  async next(): Promise<void> {
    await nextTurn();
    this.#ends = performance.now() + SLICE_MS;
  }
}
