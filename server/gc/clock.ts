import type { Usage } from "../cache/usage.ts";

/*
 * An entry goes for its idle time only while the clock can be trusted: with one that is a year ahead, everything looks
 * unused for a year. That of the volume is no judge: it is mostly the same clock. Two things tell of it.
 */

const DAY_MS = 86_400_000;

/**
 * Since when the sweeps of a volume have seen a clock that runs evenly, milliseconds since 1970. It starts again when the
 * time since the last sweep is long, for a clock that was set or for a cache that nobody watched, or below zero.
 */
export function steadySince(last: Usage | undefined, nowMs: number, maxIdleMs: number): number {
  if (last === undefined) return nowMs;
  const gapMs = nowMs - last.swept;
  const isEven = gapMs > -DAY_MS && gapMs < Math.max(2 * DAY_MS, maxIdleMs / 2);
  return isEven ? (last.steady ?? last.swept) : nowMs;
}

/** Whether it is long enough for times that look wrong to be wrong, and not this clock. */
export function isSteady(steadySinceMs: number, nowMs: number): boolean {
  return steadySinceMs <= nowMs - DAY_MS;
}

/**
 * Before when an entry must have been used to go for its idle time, milliseconds since 1970; never, when the clock was not
 * steady for that long, or when no entry at all was used in the second half of that time: this clock is ahead of those
 * that write to the volume, or nobody uses the cache.
 */
export function idleBefore(clock: {
  readonly nowMs: number;
  readonly maxIdleMs: number;
  readonly steadySinceMs: number;
  /** The latest use of an entry. */
  readonly newestUsedMs: number;
}): number {
  const { nowMs, maxIdleMs, steadySinceMs, newestUsedMs } = clock;
  const isTrusted = steadySinceMs <= nowMs - maxIdleMs && newestUsedMs >= nowMs - maxIdleMs / 2;
  return isTrusted ? nowMs - maxIdleMs : Number.NEGATIVE_INFINITY;
}
