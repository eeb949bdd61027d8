import { Problem } from "../errors.ts";

/** An amount that is shared out: bytes of memory, places. First come, first served. */
export interface Semaphore {
  /**
   * Takes so much, waiting for its turn; what is more than there ever is waits until all of it is free.
   * @returns what gives it back; calling it again does nothing.
   * @throws Problem `busy` when too many wait, or one waits too long; the signal's reason when it aborts.
   */
  acquire(amount: number, signal: AbortSignal): Promise<() => void>;
  readonly used: number;
}

export function createSemaphore(limits: {
  readonly amount: number;
  readonly mostWaiting: number;
  readonly waitMs: number;
}): Semaphore {
  const line: Waiter[] = [];
  let used = 0;

  function isFree(amount: number): boolean {
    return used === 0 || used + amount <= limits.amount;
  }

  function lend(amount: number): () => void {
    used += amount;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      used -= amount;
      admit();
    };
  }

  function admit(): void {
    for (let first = line[0]; first !== undefined && isFree(first.amount); first = line[0]) {
      line.shift();
      first.enter(lend(first.amount));
    }
  }

  return {
    get used() {
      return used;
    },
    async acquire(amount, signal) {
      signal.throwIfAborted();
      if (line.length === 0 && isFree(amount)) return lend(amount);
      if (line.length >= limits.mostWaiting) throw new Problem("busy");
      return new Promise((resolve, reject) => {
        const leave = (reason: unknown): void => {
          line.splice(line.indexOf(waiter), 1);
          settle();
          reject(reason);
          admit();
        };
        const abort = (): void => leave(signal.reason);
        const timer = setTimeout(() => leave(new Problem("busy")), limits.waitMs);
        const settle = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", abort);
        };
        const waiter: Waiter = {
          amount,
          enter: (giveBack) => {
            settle();
            resolve(giveBack);
          },
        };
        signal.addEventListener("abort", abort, { once: true });
        line.push(waiter);
      });
    },
  };
}

interface Waiter {
  readonly amount: number;
  readonly enter: (giveBack: () => void) => void;
}
