import type { Usage } from "../cache/usage.ts";

/*
 * Entries are deleted for their idle time only while the clock can be trusted: with one that is a year ahead, everything looks
 * unused for a year. The volume's clock does not help: it is mostly the same clock. Two facts help.
 */

const DAY_MS = 86_400_000;

/**
 * Since when the sweeps of a volume have seen a clock that runs evenly, in milliseconds since 1970. It starts again when the time
 * since the last sweep is long (the clock was set, or nothing watched the cache) or negative.
 */
export function steadySince(last: Usage | undefined, nowMs: number, maxIdleMs: number): number {
  if (last === undefined) return nowMs;
  const gapMs = nowMs - last.swept;
  const isEven = gapMs > -DAY_MS && gapMs < Math.max(2 * DAY_MS, maxIdleMs / 2);
  return isEven ? (last.steady ?? last.swept) : nowMs;
}

/** Whether this time is long enough that impossible times of entries are wrong, and not this clock. */
export function isSteady(steadySinceMs: number, nowMs: number): boolean {
  return steadySinceMs <= nowMs - DAY_MS;
}

/**
 * An entry that was last used before this time is deleted for its idle time; milliseconds since 1970. Never, if the clock was not
 * steady for that long, or if no entry at all was used in the second half of that time: then this clock is ahead of the clocks
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
