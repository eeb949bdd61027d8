import { LRUCache } from "lru-cache";
import { Problem, type ProblemCode } from "./errors.ts";
import { createAllowance } from "./rate.ts";

/**
 * What is known not to work, for a short time and in memory: a broken link on a busy page must not become a source
 * request a reader.
 */
export interface Negative {
  /**
   * A version other than the one that failed may be a photograph uploaded since: it passes, once a second a key.
   * @throws Problem as the remembered one.
   */
  check(key: string, asked?: string): void;
  /** Remembers an error if it is one that will not go away by asking again. */
  learn(key: string, error: unknown, version?: string): void;
  forget(key: string): void;
}

/** @param now milliseconds. */
export function createNegative(now: () => number = Date.now): Negative {
  const failures = new LRUCache<string, Failure>({ max: 10_000 });
  const doubts = createAllowance({ burst: 2, perSecond: 1 }, now);
  return {
    check(key, asked) {
      // As it nearly always is, and a hit comes by here too.
      if (failures.size === 0) return;
      const failure = failures.get(key);
      if (failure === undefined) return;
      if (now() >= failure.until) failures.delete(key);
      else if (asked === undefined || asked === failure.version || !doubts.take(key))
        throw new Problem(failure.code, failure);
    },
    learn(key, error, version) {
      if (!(error instanceof Problem)) return;
      const { code, detail } = error;
      const seconds = secondsOf[code];
      if (seconds === undefined) return;
      const until = now() + seconds * 1000;
      failures.set(key, { code, ...(detail !== undefined && { detail }), version, until });
    },
    forget: (key) => void failures.delete(key),
  };
}

/** In words: the error itself holds on to its stack, and that to the whole request. */
interface Failure {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly version: string | undefined;
  readonly until: number;
}

/** As long as the answers themselves may be kept; what is the storage's fault is not remembered at all. */
const secondsOf: Partial<Record<ProblemCode, number>> = {
  "source-absent": 30,
  "unsupported-source": 60,
  "unreadable-source": 60,
};
