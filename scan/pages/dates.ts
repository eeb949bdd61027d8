import type { ConfigTree } from "../site/config.ts";

/** The dates that decide whether Hugo publishes a page. */
export interface PageDates {
  readonly publish?: Date;
  readonly expiry?: Date;
}

/**
 * Reads them as Hugo's `[frontmatter]` table says; names are blind to capitals.
 * @param hugoMinor from 0.121 on a page with a `lastmod` alone takes its date from there.
 */
export function pageDates(
  values: ConfigTree,
  configured: ConfigTree,
  fileName: string,
  hugoMinor: number,
): PageDates {
  const first = (key: string): Date | undefined =>
    chain(configured, key)
      .map((name) => (name === ":filename" ? fileNameDate(fileName) : parseDate(values[name])))
      .find((date) => date !== undefined);
  const publish = first("publishdate") ?? (hugoMinor >= 121 ? first("date") : undefined);
  const expiry = first("expirydate");
  return { ...(publish && { publish }), ...(expiry && { expiry }) };
}

// --- parts ---

const defaults: Readonly<Record<string, readonly string[]>> = {
  date: ["date", "publishdate", "pubdate", "published", "lastmod", "modified"],
  publishdate: ["publishdate", "pubdate", "published", "date"],
  expirydate: ["expirydate", "unpublishdate"],
};

/** A site's list may name `:default` for Hugo's own. */
function chain(configured: ConfigTree, key: string): readonly string[] {
  const own = configured[key];
  const fallback = defaults[key] ?? [];
  const list = Array.isArray(own) ? own : typeof own === "string" ? [own] : undefined;
  if (list === undefined) return fallback;
  return list.flatMap((name: unknown) =>
    name === ":default" ? fallback : typeof name === "string" ? [name.toLowerCase()] : [],
  );
}

function parseDate(value: unknown): Date | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value;
  if (typeof value === "number") return new Date(value * 1000);
  if (typeof value !== "string" || !/\d{4}|\d{2}:\d{2}/.test(value)) return undefined;
  const plain = value
    .trim()
    .replace(/^(\d{4}-\d{1,2}-\d{1,2}) (?=\d)/, "$1T")
    .replace(/ (?=[+-]\d{2}:?\d{2}$)/, "");
  const utc = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(plain) ? `${plain}Z` : plain;
  const date = new Date(utc);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** `2024-05-01-worms.md`; in a bundle, its folder's name. */
function fileNameDate(name: string): Date | undefined {
  const match = /(?:^|\/)(\d{4}-\d{2}-\d{2})[^/]*(?:\/_?index(?:\.[^/]+)?)?$/.exec(name);
  return match === null ? undefined : parseDate(match[1]);
}
