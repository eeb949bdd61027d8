import { toTexts } from "../config/cast.ts";
import type { ConfigTree } from "../config/tree.ts";

/** What of content Hugo never sees. */
export interface Ignored {
  /** By its absolute name. */
  ignores(file: string): boolean;
  /** Patterns that only Go understands: what they stand for is taken for content. */
  readonly problems: readonly string[];
}

/** What editors leave behind, and the site's `ignoreFiles`: Go's regular expressions, matched anywhere in the name. */
export function parseIgnored(config: ConfigTree): Ignored {
  const patterns = toTexts(config.ignorefiles).map((pattern) => ({ pattern, regex: goRegex(pattern) }));
  const regexes = patterns.flatMap(({ regex }) => regex ?? []);
  return {
    ignores: (file) => isLeftover(file) || regexes.some((regex) => regex.test(file)),
    problems: patterns.filter(({ regex }) => regex === undefined).map(({ pattern }) => pattern),
  };
}

function isLeftover(file: string): boolean {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return /^[.#]/.test(name) || name.endsWith("~");
}

/** What Go writes otherwise: flags before the pattern, the ends of the text, quoted text, named groups, classes. */
function goRegex(pattern: string): RegExp | undefined {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = pattern
    .slice(flags?.[0].length ?? 0)
    .replace(/\\Q(.*?)(?:\\E|$)/g, (_, text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"))
    .replace(/\\A/g, "^")
    .replace(/\\z/g, "$")
    .replace(/\(\?P</g, "(?<")
    .replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole);
  try {
    return new RegExp(body, flags?.[1] ?? "");
  } catch {
    return undefined;
  }
}

const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
};
