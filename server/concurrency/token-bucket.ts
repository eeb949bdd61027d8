import { createLru } from "./lru.ts";

/** A rate limiter by name: bursts are allowed, the average rate is limited. */
export interface RateLimiter {
  /** Takes one unit; false if there is none. */
  take(name: string): boolean;
  /** Takes more units, even if there are none: work that has begun is charged, and later requests wait longer. */
  spend(name: string, units: number): void;
  /** Seconds until there is one unit again. */
  wait(name: string): number;
}

/**
 * Token buckets; full at first, and forgotten when unused (a forgotten one is full again).
 * @param now milliseconds of a monotonic clock.
 */
export function createRateLimiter(
  limits: { readonly burst: number; readonly perSecond: number; readonly names?: number },
  now: () => number = () => performance.now(),
): RateLimiter {
  const buckets = createLru<Bucket>(limits.names ?? 10_000);

  function filled(name: string): Bucket {
    const bucket = buckets.get(name) ?? { tokens: limits.burst, at: now() };
    const gained = ((now() - bucket.at) / 1000) * limits.perSecond;
    return { tokens: Math.min(limits.burst, bucket.tokens + Math.max(0, gained)), at: now() };
  }

  return {
    take(name) {
      const bucket = filled(name);
      const allowed = bucket.tokens >= 1;
      buckets.set(name, allowed ? { ...bucket, tokens: bucket.tokens - 1 } : bucket);
      return allowed;
    },
    spend(name, units) {
      const bucket = filled(name);
      buckets.set(name, { ...bucket, tokens: bucket.tokens - units });
    },
    wait: (name) => Math.max(0, (1 - filled(name).tokens) / limits.perSecond),
  };
}

interface Bucket {
  readonly tokens: number;
  /** When it had that number of units. */
  readonly at: number;
}
