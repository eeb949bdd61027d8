import { availableParallelism } from "node:os";
import type { Lane } from "../encoder.ts";
import { type Entered, Queue, type Waiter } from "./queue.ts";

export type ByLane = Readonly<Record<Lane, number>>;

export interface LanesOptions {
  /** Jobs at once, by lane. Warm slots are others than live ones: a reader never waits for a scan. */
  readonly slots?: ByLane;
  /** Jobs that may wait, by lane. */
  readonly maxJobs?: ByLane;
  /** Megapixels of originals that may wait in a lane. */
  readonly maxMegapixels?: number;
  readonly maxWaitMs?: ByLane;
}

/** The line of readers and that of what is made ahead, which does not begin while a reader waits. */
export class Lanes {
  readonly #slots: ByLane;
  readonly #queues: Readonly<Record<Lane, Queue>>;

  constructor(options: LanesOptions) {
    const cores = availableParallelism();
    const slots = options.slots ?? { live: cores, warm: cores };
    this.#slots = slots;
    const maxJobs = options.maxJobs ?? { live: 4 * slots.live, warm: 64 };
    const maxWaitMs = options.maxWaitMs ?? { live: 3_000, warm: 60_000 };
    const maxMegapixels = options.maxMegapixels ?? 400;
    const bounds = (lane: Lane) => ({
      slots: slots[lane],
      maxJobs: maxJobs[lane],
      maxMegapixels,
      maxWaitMs: maxWaitMs[lane],
    });
    const live = new Queue(bounds("live"));
    this.#queues = { live, warm: new Queue(bounds("warm"), () => live.waiting === 0) };
  }

  /** A slot of the lane, and what else is needed. @throws as {@link Queue.enter} does. */
  async enter<Got>(lane: Lane, waiter: Waiter<Got>, signal: AbortSignal): Promise<Entered<Got>> {
    const { got, leave } = await this.#queues[lane].enter(waiter, signal);
    return {
      got,
      leave: () => {
        leave();
        if (lane === "live") this.#queues.warm.wake();
      },
    };
  }

  /** Some memory has become free. */
  wake(): void {
    this.#queues.live.wake();
    this.#queues.warm.wake();
  }

  /** For a reader whose original is yet to come, as {@link Queue.expect}. */
  expect(): () => void {
    return this.#queues.live.expect();
  }

  /** Whether there is a live slot for one more, beside so many that others have in view, and nobody waits for it. */
  hasSpare(inView: number): boolean {
    const { running, waiting } = this.#queues.live;
    return waiting === 0 && running + inView < this.#slots.live;
  }

  stats(lane: Lane): { readonly running: number; readonly waiting: number } {
    const { running, waiting } = this.#queues[lane];
    return { running, waiting };
  }
}
