import { toTexts } from "../config/cast.ts";
import type { ConfigTree } from "../config/tree.ts";

/** Content files that Hugo ignores. */
export interface Ignored {
  /** By absolute path. */
  ignores(file: string): boolean;
  /** Patterns that only Go understands: files that they would exclude count as content. */
  readonly problems: readonly string[];
}

/** Backup files of editors, and the site's `ignoreFiles`: Go regular expressions that match anywhere in the path. */
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

/** Go's syntax where it differs: leading flags, start and end of the text, quoted text, named groups, classes. */
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
