import type { Problem } from "../errors.ts";

/** An estimate may be far off, and a reader who comes too early costs little. */
const MOST_SECONDS = 30;

/**
 * `Retry-After` of a problem: the estimate of where it was thrown, else what errors.ts has for its code, as whole seconds
 * from 1 to 30 and then up to twice as long, because readers who were refused together must not come back together. A
 * client's budget is no estimate: it has the time that it says.
 * @returns undefined where asking again does not help.
 */
export function retryAfter({ code, retryAfterSeconds }: Problem): string | undefined {
  if (retryAfterSeconds === undefined) return undefined;
  const most = code === "over-budget" ? Number.POSITIVE_INFINITY : MOST_SECONDS;
  const seconds = Math.min(most, Math.max(1, Math.ceil(retryAfterSeconds)));
  return String(Math.ceil(seconds * (1 + Math.random())));
}
