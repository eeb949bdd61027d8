import { Problem } from "../../errors.ts";

/** What an answer says of the source as a whole. */
export type Word = "good" | "bad" | "nothing";

/** Keeps requests from a source that fails as a whole. */
export interface Breaker {
  /**
   * Lets one request through; what it came to is told to what is returned, once.
   * @throws Problem `source-busy` while open.
   */
  enter(key: string): (word: Word) => void;
  /** A body has broken after a good head. */
  broke(key: string): void;
  isOpen(): boolean;
  /** How often it has opened. */
  opened(): number;
}

const WINDOW_MS = 10_000;
const FEWEST = 20;
/** One photograph that fails says nothing of the others, however many ask for it. */
const FEWEST_KEYS = 3;
const OPEN_MS = 5_000;

/**
 * Closed until half of the last twenty or more requests within ten seconds have failed, those of three photographs at
 * least. Open for five seconds. Then half open: one request at a time goes through, until one is good, which closes
 * it, or those for three photographs have failed, which opens it again.
 */
export function createBreaker(now: () => number): Breaker {
  let window: { readonly at: number; readonly failed: string | undefined }[] = [];
  /** 0: closed. */
  let openUntil = 0;
  let isProbed = false;
  /** Photographs that failed while half open, and when. */
  const probes = new Map<string, number>();
  let opened = 0;

  function open(): void {
    openUntil = now() + OPEN_MS;
    window = [];
    probes.clear();
    opened += 1;
  }

  function count(failed: string | undefined): void {
    window = [...window.filter(({ at }) => now() - at < WINDOW_MS), { at: now(), failed }].slice(-200);
    const bad = window.flatMap((one) => (one.failed === undefined ? [] : [one.failed]));
    if (window.length >= FEWEST && bad.length * 2 >= window.length && new Set(bad).size >= FEWEST_KEYS)
      open();
  }

  function settle(key: string, word: Word): void {
    isProbed = false;
    if (word === "good") {
      openUntil = 0;
      probes.clear();
    } else if (word === "bad") {
      probes.set(key, now());
      if (probes.size >= FEWEST_KEYS) open();
    }
  }

  return {
    enter(key) {
      if (openUntil === 0)
        return (word) => {
          // What was under way when it opened has been judged with the rest.
          if (openUntil === 0 && word !== "nothing") count(word === "bad" ? key : undefined);
        };
      const left = Math.max(openUntil, (probes.get(key) ?? Number.NEGATIVE_INFINITY) + OPEN_MS) - now();
      if (left > 0 || isProbed)
        throw new Problem("source-busy", { retryAfterSeconds: Math.max(1, Math.ceil(left / 1000)) });
      isProbed = true;
      return (word) => settle(key, word);
    },
    broke: (key) => {
      if (openUntil === 0) count(key);
    },
    isOpen: () => openUntil > 0,
    opened: () => opened,
  };
}
