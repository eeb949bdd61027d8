/** Records how much of a resource each client holds, and how much it has used recently. */
export interface Ledger {
  /** The amount that a client holds now. */
  held(name: string): number;
  /** Amount × milliseconds, past and current, halved every {@link HALF_LIFE_MS}. */
  used(name: string): number;
  /** How long a client's claims have lasted recently, in milliseconds. */
  usualMs(name: string): number;
  /** The client gets this amount. @returns a function that ends it; call it once. */
  hold(name: string, amount: number): () => void;
}

const HALF_LIFE_MS = 30_000;
/** For an unknown client. */
const UNKNOWN_MS = 100;
/** Maximum number of remembered clients; then those that hold nothing are forgotten, the oldest first. */
const MOST_NAMES = 10_000;

/** @param now milliseconds of a monotonic clock. */
export function createLedger(now: () => number = () => performance.now()): Ledger {
  const accounts = new Map<string, Account>();
  const rate = Math.LN2 / HALF_LIFE_MS;

  function usedBy({ used, held, at }: Account): number {
    const left = Math.exp(-rate * (now() - at));
    return used * left + (held / rate) * (1 - left);
  }

  function change(name: string, amount: number, usualMs?: number): void {
    const account = accounts.get(name) ?? { used: 0, held: 0, at: now(), usualMs: UNKNOWN_MS };
    accounts.delete(name);
    accounts.set(name, {
      used: usedBy(account),
      held: account.held + amount,
      at: now(),
      usualMs: usualMs ?? account.usualMs,
    });
  }

  function forgetSome(): void {
    for (const [name, { held }] of accounts) {
      if (accounts.size <= MOST_NAMES) return;
      if (held === 0) accounts.delete(name);
    }
  }

  const usualMs = (name: string): number => accounts.get(name)?.usualMs ?? UNKNOWN_MS;

  return {
    usualMs,
    held: (name) => accounts.get(name)?.held ?? 0,
    used(name) {
      const account = accounts.get(name);
      return account === undefined ? 0 : usedBy(account);
    },
    hold(name, amount) {
      const started = now();
      change(name, amount);
      if (accounts.size > MOST_NAMES) forgetSome();
      return () => change(name, -amount, usualMs(name) + (now() - started - usualMs(name)) / 8);
    },
  };
}

interface Account {
  /** The value at that time. */
  readonly used: number;
  readonly held: number;
  readonly at: number;
  readonly usualMs: number;
}
