import { Problem } from "../../errors.ts";

export interface QueueOptions {
  /** Jobs that run at once. */
  readonly slots: number;
  readonly maxJobs: number;
  /** Megapixels of originals that may wait: what waits holds its original in memory. */
  readonly maxMegapixels: number;
  /** Nobody waits longer, and who would is refused at once. */
  readonly maxWaitMs: number;
}

/** What stands in the line. */
export interface Waiter<Got> {
  readonly megapixels: number;
  /** Takes what it needs beside a slot, such as memory; undefined: there is none now, and others may go before it. */
  readonly begin: () => Got | undefined;
  /** It has been passed by often enough: it begins also where `mayStart` holds the line back. */
  readonly isDue: () => boolean;
  /** It does not wait any more. */
  readonly leave: () => void;
}

/** What a waiter got, and its slot, which is given back by `leave`. */
export interface Entered<Got> {
  readonly got: Got;
  readonly leave: () => void;
}

interface Ticket {
  readonly megapixels: number;
  readonly isDue: () => boolean;
  /** Whether it has begun. */
  readonly tryEnter: () => boolean;
}

/** A line before a number of slots that ends: by jobs, by megapixels and by time. */
export class Queue {
  readonly #options: QueueOptions;
  readonly #mayStart: () => boolean;
  readonly #waiting = new Set<Ticket>();
  #running = 0;
  /** Who fetch what they will then wait with. */
  #coming = 0;
  #megapixels = 0;
  /** How long a job has taken lately. */
  #jobMs = 100;

  /** @param mayStart false holds everybody back until {@link wake}: how warm work gives way. */
  constructor(options: QueueOptions, mayStart: () => boolean = () => true) {
    this.#options = options;
    this.#mayStart = mayStart;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * A slot and what else the waiter needs.
   * @throws Problem `busy` when the line is full or would take too long; the signal's reason when it aborts.
   */
  async enter<Got>(waiter: Waiter<Got>, signal: AbortSignal): Promise<Entered<Got>> {
    signal.throwIfAborted();
    // Those that wait beside a free slot wait for memory, of which this one may need less.
    const got = this.#hasSlot() ? waiter.begin() : undefined;
    return got === undefined ? this.#wait(waiter, signal) : this.#occupy(got);
  }

  /**
   * For whoever has something to fetch first: refuses now who would be refused then.
   * @returns to be called when it is here, or never will be.
   * @throws Problem `busy`
   */
  expect(): () => void {
    this.#refuseIfFull(this.#coming);
    this.#coming++;
    let isComing = true;
    return () => {
      if (isComing) this.#coming--;
      isComing = false;
    };
  }

  /** Lets in who may go. */
  wake(): void {
    for (const ticket of this.#waiting) {
      if (this.#running >= this.#options.slots) return;
      if ((this.#mayStart() || ticket.isDue()) && ticket.tryEnter()) this.#remove(ticket);
    }
  }

  #hasSlot(): boolean {
    return this.#running < this.#options.slots && this.#mayStart();
  }

  /**
   * @param coming who count once the line is half full: a slow source must not keep readers from encoders that have
   *   nothing to do, and of all who see a place become free only one gets it.
   */
  #refuseIfFull(coming: number): void {
    const { maxJobs, maxWaitMs } = this.#options;
    const waiting = this.#waiting.size;
    if (waiting === 0 && this.#hasSlot()) return;
    const waitMs = this.#waitMs();
    const isFull = waiting >= maxJobs || (waiting >= maxJobs / 2 && waiting + coming >= maxJobs);
    if (isFull || waitMs > maxWaitMs) throw this.#busy(waitMs);
  }

  #refuseIfLarge(megapixels: number): void {
    if (this.#waiting.size > 0 && this.#megapixels + megapixels > this.#options.maxMegapixels)
      throw this.#busy(this.#waitMs());
  }

  /** How long who comes now would wait. */
  #waitMs(): number {
    return ((this.#waiting.size + 1) * this.#jobMs) / this.#options.slots;
  }

  #wait<Got>({ megapixels, ...waiter }: Waiter<Got>, signal: AbortSignal): Promise<Entered<Got>> {
    try {
      this.#refuseIfFull(0);
      this.#refuseIfLarge(megapixels);
    } catch (error) {
      waiter.leave();
      throw error;
    }
    const waitMs = this.#waitMs();
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown) => {
        this.#remove(ticket);
        settle();
        waiter.leave();
        reject(reason);
      };
      const onAbort = () => leave(signal.reason);
      const timer = setTimeout(() => leave(this.#busy(waitMs)), this.#options.maxWaitMs);
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      const ticket: Ticket = {
        megapixels,
        isDue: waiter.isDue,
        tryEnter: () => {
          const got = waiter.begin();
          if (got === undefined) return false;
          settle();
          resolve(this.#occupy(got));
          return true;
        },
      };
      signal.addEventListener("abort", onAbort);
      this.#waiting.add(ticket);
      this.#megapixels += megapixels;
    });
  }

  #remove(ticket: Ticket): void {
    if (this.#waiting.delete(ticket)) this.#megapixels -= ticket.megapixels;
  }

  #occupy<Got>(got: Got): Entered<Got> {
    const started = performance.now();
    let left = false;
    this.#running++;
    const leave = () => {
      if (left) return;
      left = true;
      this.#running--;
      this.#jobMs += (performance.now() - started - this.#jobMs) / 8;
      this.wake();
    };
    return { got, leave };
  }

  #busy(waitMs: number): Problem {
    return new Problem("busy", { retryAfterSeconds: Math.min(30, Math.max(1, Math.ceil(waitMs / 1000))) });
  }
}
