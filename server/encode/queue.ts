import { Problem } from "../errors.ts";

export interface QueueOptions {
  /** Jobs that run at once. */
  readonly slots: number;
  readonly maxJobs: number;
  /** Megapixels of originals that may wait: what waits holds its original in memory. */
  readonly maxMegapixels: number;
  /** Nobody waits longer, and who would is refused at once. */
  readonly maxWaitMs: number;
}

interface Ticket {
  readonly megapixels: number;
  readonly enter: () => void;
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
   * A slot, to be given back by calling what it returns.
   * @throws Problem `busy` when the line is full or would take too long; the signal's reason when it aborts.
   */
  async enter(megapixels: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#waiting.size > 0 || !this.#hasSlot()) await this.#wait(megapixels, signal);
    else this.#running++;
    return this.#occupy();
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
      if (!this.#hasSlot()) return;
      this.#remove(ticket);
      this.#running++;
      ticket.enter();
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

  /** How long who comes now would wait. */
  #waitMs(): number {
    return ((this.#waiting.size + 1) * this.#jobMs) / this.#options.slots;
  }

  #wait(megapixels: number, signal: AbortSignal): Promise<void> {
    this.#refuseIfFull(0);
    const waitMs = this.#waitMs();
    if (this.#waiting.size > 0 && this.#megapixels + megapixels > this.#options.maxMegapixels)
      throw this.#busy(waitMs);
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown) => {
        this.#remove(ticket);
        settle();
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
        enter: () => {
          settle();
          resolve();
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

  #occupy(): () => void {
    const started = performance.now();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      this.#jobMs += (performance.now() - started - this.#jobMs) / 8;
      this.wake();
    };
  }

  #busy(waitMs: number): Problem {
    return new Problem("busy", { retryAfterSeconds: Math.min(30, Math.max(1, Math.ceil(waitMs / 1000))) });
  }
}
