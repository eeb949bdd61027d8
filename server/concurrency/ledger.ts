/** Who holds how much of something, and how much each has used of it lately. */
export interface Ledger {
  /** What a client holds at this moment. */
  held(name: string): number;
  /** Amount × milliseconds, of the past and of what is held, halved every {@link HALF_LIFE_MS}. */
  used(name: string): number;
  /** How long a client has held things lately, in milliseconds. */
  usualMs(name: string): number;
  /** The client gets this much. @returns what ends it, to be called once. */
  hold(name: string, amount: number): () => void;
}

const HALF_LIFE_MS = 30_000;
/** Of a client that nothing is known of. */
const UNKNOWN_MS = 100;
/** Clients remembered; beyond that, those that hold nothing are forgotten, the longest unseen first. */
const MOST_NAMES = 10_000;

/** @param now milliseconds of a clock that never goes back. */
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
  /** As it was `at` that time. */
  readonly used: number;
  readonly held: number;
  readonly at: number;
  readonly usualMs: number;
}
