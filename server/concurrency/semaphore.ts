import { Problem } from "../errors.ts";
import type { Clients } from "./clients.ts";
import { createLedger } from "./ledger.ts";
import { once } from "./once.ts";
import { type Waiter, WaitingLine } from "./waiting-line.ts";

/**
 * An amount that clients share: bytes of memory, slots, encoders. While nobody waits, one client may have all of it. Among the
 * waiting clients, the one that has used least recently goes first; within one client, first come, first served.
 */
export interface Semaphore {
  /**
   * Acquires an amount, and waits for its turn; a claim that is larger than the total waits until everything is free.
   * @returns a function that releases it; further calls have no effect.
   * @throws Problem `busy` if the queue is full, or the wait would be too long; the signal's reason when it aborts.
   */
  acquire(claim: Claim): Promise<() => void>;
  /** The same for work that needs other resources in addition to its amount. */
  enter<Got>(claim: Claim, needs: Needs<Got>): Promise<Entered<Got>>;
  /**
   * For work that must fetch something first: it is refused now if it would be refused then.
   * @returns call it when the work comes, or when it never will; further calls have no effect.
   * @throws Problem `busy`
   */
  expect(clients: Clients): () => void;
  /** Checks the queue again: `mayStart`, or the other resources, have changed. */
  wake(): void;
  readonly used: number;
  readonly waiting: number;
}

export interface Claim {
  /** Default: 1. */
  readonly amount?: number;
  /** Weight in the queue, such as megapixels of an original in memory. Default: 0. */
  readonly weight?: number;
  readonly clients: Clients;
  readonly signal: AbortSignal;
}

export interface Needs<Got> {
  /** Acquires the other resources of the work; undefined: not available now, and others may go first. */
  readonly begin: () => Got | undefined;
  /** Others have gone first often enough: it starts even if `mayStart` holds the others back. */
  readonly isDue: () => boolean;
  /** It no longer waits, and has got nothing. */
  readonly leave: () => void;
}

export interface Entered<Got> {
  readonly got: Got;
  /** Releases the amount; further calls have no effect. */
  readonly leave: () => void;
}

export interface SemaphoreLimits {
  readonly amount: number;
  /**
   * A reserve for clients that hold nothing: long use by others, such as slow downloads, does not lock them out. Default: 0.
   */
  readonly spare?: number;
  /** When the queue is full, the client with most in it loses its last claim. */
  readonly mostWaiting: number;
  /** Maximum sum of waiting weights; one claim may wait whatever its weight. */
  readonly mostWeight?: number;
  /** Maximum wait; a claim that would probably wait longer is refused at once. */
  readonly waitMs: number;
  /** False holds everything back until {@link Semaphore.wake}. */
  readonly mayStart?: () => boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

export function createSemaphore(limits: SemaphoreLimits): Semaphore {
  const { amount: most, spare = 0, waitMs, mostWaiting, mostWeight = Number.POSITIVE_INFINITY } = limits;
  const { mayStart = () => true } = limits;
  const ledger = createLedger(limits.now);
  const line = new WaitingLine<Ticket>(ledger, { mostWaiting, mostWeight });
  const out = { general: 0, spare: 0 };
  let isWaking = false;

  function fits(amount: number): boolean {
    return out.general === 0 || out.general + amount <= most;
  }

  function wake(): void {
    // Work that starts may release something at once.
    if (isWaking || line.size === 0) return;
    isWaking = true;
    // Small claims do not go ahead of a large claim that is next: it would wait forever.
    let isBlocked = false;
    try {
      for (const { waiter, payer } of line.inTurn()) {
        isBlocked ||= !fits(waiter.amount);
        const isOfSpare = isBlocked && ledger.held(payer) === 0 && out.spare + waiter.amount <= spare;
        if ((isBlocked && !isOfSpare) || !(mayStart() || waiter.isDue())) continue;
        if (waiter.tryEnter(() => lend(payer, waiter.amount, isOfSpare ? "spare" : "general")))
          line.delete(waiter);
      }
    } finally {
      isWaking = false;
    }
  }

  function lend(payer: string, amount: number, of: keyof typeof out): () => void {
    const end = ledger.hold(payer, amount);
    out[of] += amount;
    return once(() => {
      end();
      out[of] -= amount;
      wake();
    });
  }

  function enter<Got>(claim: Claim, needs: Needs<Got>): Promise<Entered<Got>> {
    const { amount = 1, weight = 0, clients, signal } = claim;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      let timer: NodeJS.Timeout | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      const ticket: Ticket = {
        amount,
        weight,
        clients,
        isDue: needs.isDue,
        tryEnter: (lend) => {
          const got = needs.begin();
          if (got === undefined) return false;
          settle();
          resolve({ got, leave: lend() });
          return true;
        },
        refuse: (reason) => {
          line.delete(ticket);
          settle();
          needs.leave();
          reject(reason);
          // It may have kept others waiting.
          wake();
        },
      };
      const abort = (): void => ticket.refuse(signal.reason);
      line.add(ticket);
      wake();
      if (!line.has(ticket)) return;
      const expectedMs = line.expected(ticket) / most;
      while (line.has(ticket) && line.isOverfull()) line.displacedBy(ticket).refuse(busy(expectedMs));
      if (line.has(ticket) && expectedMs > waitMs) ticket.refuse(busy(expectedMs));
      if (!line.has(ticket)) return;
      timer = setTimeout(() => ticket.refuse(busy(expectedMs)), waitMs);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    enter,
    wake,
    acquire: async (claim) => (await enter(claim, nothingElse)).leave,
    expect(clients) {
      const isFree = line.size === 0 && fits(1) && mayStart();
      const expectedMs = line.expected({ amount: 1, clients }) / most;
      if (!isFree && (line.isFullFor(clients) || expectedMs > waitMs)) throw busy(expectedMs);
      return once(line.expect(clients));
    },
    get used() {
      return out.general + out.spare;
    },
    get waiting() {
      return line.size;
    },
  };
}

interface Ticket extends Waiter {
  readonly isDue: () => boolean;
  /** @param lend gives it its amount, once it has its other resources. */
  readonly tryEnter: (lend: () => () => void) => boolean;
  readonly refuse: (reason: unknown) => void;
}

const nothingElse: Needs<true> = { begin: () => true, isDue: () => false, leave: () => undefined };

function busy(expectedMs: number): Problem {
  return new Problem("busy", { retryAfterSeconds: expectedMs / 1000 });
}
