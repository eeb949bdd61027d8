import { availableParallelism } from "node:os";
import type { Clients } from "../../concurrency/clients.ts";
import {
  type Claim,
  createSemaphore,
  type Entered,
  type Needs,
  type Semaphore,
} from "../../concurrency/semaphore.ts";
import type { Lane } from "../encoder.ts";

export type ByLane = Readonly<Record<Lane, number>>;

export interface LanesOptions {
  /** Number of parallel jobs, by lane. Warm slots are separate from live ones: a reader never waits for a scan. */
  readonly slots?: ByLane;
  /** Number of jobs that may wait, by lane. */
  readonly maxJobs?: ByLane;
  /** Megapixels of originals that may wait in a lane: a waiting job keeps its original in memory. */
  readonly maxMegapixels?: number;
  readonly maxWaitMs?: ByLane;
}

/** The slots of readers, and those of warm work, which does not begin while a reader waits. */
export class Lanes {
  readonly #lanes: Readonly<Record<Lane, Semaphore>>;
  readonly #liveSlots: number;

  constructor(options: LanesOptions) {
    const cores = availableParallelism();
    const slots = options.slots ?? { live: cores, warm: cores };
    const maxJobs = options.maxJobs ?? { live: 4 * slots.live, warm: 64 };
    const maxWaitMs = options.maxWaitMs ?? { live: 6_000, warm: 60_000 };
    const bounds = (lane: Lane) => ({
      amount: slots[lane],
      // A slow image takes seconds: if all slots are used, half as many again are for clients that use none.
      spare: Math.ceil(slots[lane] / 2),
      mostWaiting: maxJobs[lane],
      mostWeight: options.maxMegapixels ?? 400,
      waitMs: maxWaitMs[lane],
    });
    const live = createSemaphore(bounds("live"));
    const warm = createSemaphore({ ...bounds("warm"), mayStart: () => live.waiting === 0 });
    this.#lanes = { live, warm };
    this.#liveSlots = slots.live;
  }

  /** Gets a slot of the lane, and the other needed resources. @throws as {@link Semaphore.enter} does. */
  async enter<Got>(lane: Lane, claim: Claim, needs: Needs<Got>): Promise<Entered<Got>> {
    const { got, leave } = await this.#lanes[lane].enter(claim, needs);
    return {
      got,
      leave: () => {
        leave();
        if (lane === "live") this.#lanes.warm.wake();
      },
    };
  }

  /** Some memory has been freed. */
  wake(): void {
    this.#lanes.live.wake();
    this.#lanes.warm.wake();
  }

  /** For a reader whose original has not arrived, as {@link Semaphore.expect}. */
  expect(clients: Clients): () => void {
    return this.#lanes.live.expect(clients);
  }

  /** Whether all live slots are in use. */
  isBusy(): boolean {
    const { used, waiting } = this.#lanes.live;
    return waiting > 0 || used >= this.#liveSlots;
  }

  /** Live slots that no reader needs now. */
  idle(): number {
    const { used, waiting } = this.#lanes.live;
    return waiting > 0 ? 0 : Math.max(0, this.#liveSlots - used);
  }

  stats(lane: Lane): { readonly running: number; readonly waiting: number } {
    const { used, waiting } = this.#lanes[lane];
    return { running: used, waiting };
  }
}
