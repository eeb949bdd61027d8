import { CannotRun } from "../cannot-run.ts";
import { parseGlob } from "../site/glob.ts";

/** @throws CannotRun naming the option. */
export function parseCount(name: string, text: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= most) return count;
  throw new CannotRun(`${name} takes a whole number from ${least} to ${most}; it is ${text}`);
}

/** In ms. @throws CannotRun naming the option. */
export function parseDuration(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ""];
  if (match === null || unit === undefined)
    throw new CannotRun(`${name} takes a duration such as 90s or 5m; it is ${text}`);
  return Number(match[1]) * unit;
}

/**
 * Whether one of the globs matches a name; a slash at the start of a glob means nothing.
 * @throws CannotRun naming the option.
 */
export function parseGlobs(
  name: string,
  globs: readonly string[],
  example: string,
): (name: string) => boolean {
  const all = globs.map((glob) => {
    const matches = parseGlob(glob.replace(/^\/+/, ""));
    if (matches !== undefined) return matches;
    throw new CannotRun(`${name} takes a glob such as "${example}"; it is ${glob}`);
  });
  return (name) => all.some((matches) => matches(name));
}
