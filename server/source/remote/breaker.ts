import { Problem } from "../../errors.ts";

/** What an answer says about the source as a whole. */
export type Word = "good" | "bad" | "nothing";

/** Circuit breaker: stops requests to a source that fails as a whole. */
export interface Breaker {
  /**
   * Lets one request through; call the result once with its outcome.
   * @throws Problem `source-busy` while open.
   */
  enter(key: string): (word: Word) => void;
  /** A body has failed after a good response head. */
  broke(key: string): void;
  isOpen(): boolean;
  /** Number of times that it has opened. */
  opened(): number;
}

const WINDOW_MS = 10_000;
const FEWEST = 20;
const MOST_COUNTED = 200;
/** One photograph that fails says nothing about the others, however often it is requested. */
const FEWEST_KEYS = 3;
const OPEN_MS = 5_000;

/**
 * Closed until, within ten seconds, at least half of twenty or more requests have failed, for at least three photographs. Then
 * open for five seconds. Then half open: one request at a time goes through, until one succeeds, which closes it, or until
 * those for three photographs have failed, which opens it again.
 */
export function createBreaker(now: () => number): Breaker {
  let window: { readonly at: number; readonly failed: string | undefined }[] = [];
  /** 0: closed. */
  let openUntil = 0;
  let isProbed = false;
  /** Photographs that failed while half open, with times. */
  const probes = new Map<string, number>();
  let opened = 0;

  function open(): void {
    openUntil = now() + OPEN_MS;
    window = [];
    probes.clear();
    opened += 1;
  }

  function count(failedKey: string | undefined): void {
    const at = now();
    window.push({ at, failed: failedKey });
    while (window.length > MOST_COUNTED || at - (window[0]?.at ?? at) >= WINDOW_MS) window.shift();
    if (window.length < FEWEST) return;
    let bad = 0;
    const keys = new Set<string>();
    for (const { failed } of window) {
      if (failed === undefined) continue;
      bad += 1;
      keys.add(failed);
    }
    if (bad * 2 >= window.length && keys.size >= FEWEST_KEYS) open();
  }

  function settleClosed(key: string, word: Word): void {
    // Requests that were running when it opened have been counted already.
    if (openUntil === 0 && word !== "nothing") count(word === "bad" ? key : undefined);
  }

  function settleProbe(key: string, word: Word): void {
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
      if (openUntil === 0) return settleClosed.bind(undefined, key);
      const left = Math.max(openUntil, (probes.get(key) ?? Number.NEGATIVE_INFINITY) + OPEN_MS) - now();
      if (left > 0 || isProbed) throw new Problem("source-busy", { retryAfterSeconds: left / 1000 });
      isProbed = true;
      return settleProbe.bind(undefined, key);
    },
    broke: (key) => {
      if (openUntil === 0) count(key);
    },
    isOpen: () => openUntil > 0,
    opened: () => opened,
  };
}
