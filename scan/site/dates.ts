import { TomlDate } from "smol-toml";
import { once } from "../once.ts";
import { toTexts } from "./config/cast.ts";
import type { ConfigTree } from "./config/tree.ts";
import { parseDateText } from "./date-text.ts";
import type { TimeZone } from "./time-zone.ts";

/** The dates that decide whether Hugo publishes a page. */
export interface PageDates {
  readonly publish?: Date;
  readonly expiry?: Date;
}

/** What a page's dates depend on, apart from its front matter. */
export interface DateRules {
  /** The names of front matter that give each date. */
  readonly dates: DateChains;
  /** The zone of a date without an offset. */
  readonly zone: TimeZone;
  readonly hugoMinor: number;
  /** The value of `:git`: the time of the file's last commit; undefined if the site does not use Git. */
  readonly gitDate: Date | undefined;
}

/** By date: names of front matter in the order in which they are tried, and `:filename`, `:filemodtime`, `:git`. */
export type DateChains = Readonly<Record<(typeof names)[number], readonly string[]>>;

/** In the order in which Hugo reads them. */
const names = ["date", "lastmod", "publishdate", "expirydate"] as const;

/** @param configured the site's `[frontmatter]` table. */
export function dateChains(configured: ConfigTree): DateChains {
  return {
    date: chain(configured, "date"),
    lastmod: chain(configured, "lastmod"),
    publishdate: chain(configured, "publishdate"),
    expirydate: chain(configured, "expirydate"),
  };
}

/** The parts of a content file's path that can date its page. */
export interface DatedFile {
  /** For a bundle, the name of its folder. Without extension and language. */
  readonly name: string;
  modified(): Date;
}

/**
 * Reads the dates as Hugo does, in its order: a value that one date finds is stored under the name of that date, where later
 * dates can find it.
 * @param values front matter with inherited values; keys in lower case.
 */
export function pageDates(values: ConfigTree, file: DatedFile, rules: DateRules): PageDates {
  const stored: Record<string, Date> = {};
  // Most pages have one date, which several names ask for.
  const dateIn = once((value: unknown) => parseDate(value, rules.zone));
  const known = (name: string) => dateIn(name in values ? values[name] : stored[name]);
  const found: Partial<Record<keyof DateChains, Date>> = {};
  for (const name of names) {
    const date = firstDate(rules.dates[name], known, file, rules);
    if (date === undefined) continue;
    found[name] = date;
    // Hugo 0.121 and newer store it if the front matter has no value of that name.
    if (rules.hugoMinor >= 121 && !(name in values)) stored[name] = date;
  }
  const { publishdate: publish, expirydate: expiry } = found;
  return { ...(publish && { publish }), ...(expiry && { expiry }) };
}

// --- parts ---

const defaults: DateChains = {
  date: ["date", "publishdate", "lastmod"],
  lastmod: [":git", "lastmod", "date", "publishdate"],
  publishdate: ["publishdate", "date"],
  expirydate: ["expirydate"],
};

const aliases: Readonly<Record<string, readonly string[]>> = {
  lastmod: ["lastmod", "modified"],
  publishdate: ["publishdate", "pubdate", "published"],
  expirydate: ["expirydate", "unpublishdate"],
};

/** A site's list can contain `:default` for Hugo's own list. */
function chain(configured: ConfigTree, key: keyof DateChains): readonly string[] {
  const own = configured[key];
  const list = own === undefined ? [":default"] : toTexts(own).map((name) => name.toLowerCase());
  return list
    .flatMap((name) => (name === ":default" ? defaults[key] : [name]))
    .flatMap((name) => aliases[name] ?? [name]);
}

function firstDate(
  names: readonly string[],
  known: (name: string) => Date | undefined,
  file: DatedFile,
  rules: DateRules,
): Date | undefined {
  for (const name of names) {
    const date =
      name === ":filename"
        ? nameDate(file.name, rules)
        : name === ":filemodtime"
          ? file.modified()
          : name === ":git"
            ? rules.gitDate
            : known(name);
    if (date !== undefined) return date;
  }
  return undefined;
}

function parseDate(value: unknown, zone: TimeZone): Date | undefined {
  if (value instanceof Date) return dateValue(value, zone);
  if (typeof value === "number" && Number.isInteger(value)) return new Date(value * 1000);
  return typeof value === "string" ? parseDateText(value, zone) : undefined;
}

/** A TOML date can have no offset, or no day. */
function dateValue(date: Date, zone: TimeZone): Date | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  return date instanceof TomlDate && date.isLocal() ? parseDateText(date.toISOString(), zone) : date;
}

/** `2024-05-01-worms`; from 0.148 on a time can follow: `2024-05-01-10-30-00-worms`. */
function nameDate(name: string, { zone, hugoMinor }: DateRules): Date | undefined {
  const day = name.slice(0, 10);
  const time = hugoMinor >= 148 ? name.slice(11, 19).replaceAll("-", ":") : "";
  return (time.length === 8 ? parseDateText(`${day}T${time}`, zone) : undefined) ?? parseDateText(day, zone);
}
