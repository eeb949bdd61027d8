import { Problem } from "../errors.ts";
import type { Clients } from "./clients.ts";
import { createLedger } from "./ledger.ts";
import { once } from "./once.ts";
import { type Waiter, WaitingLine } from "./waiting-line.ts";

/**
 * An amount that clients share: bytes of memory, places, encoders. While nobody waits, anyone may have all of it. Among
 * those that wait, the client that has used least of it lately goes first; within one client, the first come.
 */
export interface Semaphore {
  /**
   * Takes an amount, waiting for its turn; more than there is at all waits until all of it is free.
   * @returns what gives it back; calling it again does nothing.
   * @throws Problem `busy` when too many wait, or one would wait too long; the signal's reason when it aborts.
   */
  acquire(claim: Claim): Promise<() => void>;
  /** The same for work that needs something else beside its amount. */
  enter<Got>(claim: Claim, needs: Needs<Got>): Promise<Entered<Got>>;
  /**
   * For work that has something to fetch first: refused now if it would be refused then.
   * @returns to be called when it comes, or never will; calling it again does nothing.
   * @throws Problem `busy`
   */
  expect(clients: Clients): () => void;
  /** Looks again at those that wait: `mayStart` or what they need has changed. */
  wake(): void;
  readonly used: number;
  readonly waiting: number;
}

export interface Claim {
  /** Absent: 1. */
  readonly amount?: number;
  /** What it takes up while it waits, such as megapixels of an original in memory. Absent: 0. */
  readonly weight?: number;
  readonly clients: Clients;
  readonly signal: AbortSignal;
}

export interface Needs<Got> {
  /** Takes what else the work needs; undefined: there is none now, and others may go before it. */
  readonly begin: () => Got | undefined;
  /** It has been passed by often enough: it begins also where `mayStart` holds the others back. */
  readonly isDue: () => boolean;
  /** It does not wait any more, and has got nothing. */
  readonly leave: () => void;
}

export interface Entered<Got> {
  readonly got: Got;
  /** Gives the amount back; calling it again does nothing. */
  readonly leave: () => void;
}

export interface SemaphoreLimits {
  readonly amount: number;
  /**
   * Beside it, for clients that hold nothing of it: what others hold for long, such as slow downloads, shuts nobody out.
   * Absent: 0.
   */
  readonly spare?: number;
  /** Of a line that is full the client that has most in it loses its last. */
  readonly mostWaiting: number;
  /** Sum of weights that may wait; one may wait whatever its weight. */
  readonly mostWeight?: number;
  /** Nobody waits longer, and what probably would is refused at once. */
  readonly waitMs: number;
  /** False holds everybody back until {@link Semaphore.wake}. */
  readonly mayStart?: () => boolean;
  /** Milliseconds of a clock that never goes back. */
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
    // What begins may give something back at once.
    if (isWaking || line.size === 0) return;
    isWaking = true;
    // Nothing small slips past a large claim that is next: it would wait for ever.
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
        ...{ amount, weight, clients, isDue: needs.isDue },
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
  /** @param lend gives it its amount, once it has what else it needs. */
  readonly tryEnter: (lend: () => () => void) => boolean;
  readonly refuse: (reason: unknown) => void;
}

const nothingElse: Needs<true> = { begin: () => true, isDue: () => false, leave: () => undefined };

function busy(expectedMs: number): Problem {
  return new Problem("busy", { retryAfterSeconds: expectedMs / 1000 });
}
