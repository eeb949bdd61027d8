/**
 * Milliseconds of a `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).
 * @returns undefined where there is none, or it is neither.
 */
export function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
