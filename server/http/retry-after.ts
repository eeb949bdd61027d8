import type { Problem } from "../errors.ts";

/** An estimate can be far off, and a reader who comes too early costs little. */
const MOST_SECONDS = 30;

/**
 * `Retry-After` of a problem: the estimate from where it was thrown, otherwise the value in errors.ts for its code. It is whole
 * seconds from 1 to 30, randomly up to twice as long, because readers who were refused together must not come back together. A
 * client's budget is not an estimate: its time is used unchanged.
 * @returns undefined if another request would not help.
 */
export function retryAfter({ code, retryAfterSeconds }: Problem): string | undefined {
  if (retryAfterSeconds === undefined) return undefined;
  const most = code === "over-budget" ? Number.POSITIVE_INFINITY : MOST_SECONDS;
  const seconds = Math.min(most, Math.max(1, Math.ceil(retryAfterSeconds)));
  return String(Math.ceil(seconds * (1 + Math.random())));
}
