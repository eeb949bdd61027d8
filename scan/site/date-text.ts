import { type TimeZone, timeZone, type WallTime } from "./time-zone.ts";

/**
 * Parses a date in the formats that Hugo tries (spf13/cast, the same since 1.5.0). Without an offset, or with only the name of
 * a zone, it is the local time of the given zone.
 * @returns undefined for text that Hugo cannot parse either.
 */
export function parseDateText(text: string, zone: TimeZone): Date | undefined {
  for (const format of formats) {
    const groups = format.exec(text)?.groups;
    if (groups === undefined) continue;
    const date = dateOf(groups, zone);
    if (date !== undefined) return date;
  }
  return undefined;
}

// --- formats ---

// Go accepts a fraction after any seconds, and one digit for any hour of 24.
const day = "(?<year>\\d{4})-(?<month>\\d\\d)-(?<day>\\d\\d)";
const time = "(?<hour>\\d{1,2}):(?<minute>\\d\\d):(?<second>\\d\\d)(?:[.,](?<fraction>\\d+))?";
const colon = "(?<offset>Z|[+-]\\d\\d:\\d\\d)";
const plain = "(?<offset>Z|[+-]\\d{4})";
const signed = "(?<offset>[+-]\\d{4})";
const zoneName = "[A-Z]{3}|[A-Z]{3,4}T|WITA|ChST|MeST|GMT[+-]\\d{1,2}|[+-]\\d{1,2}";
const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const month = `(?<monthName>${anyCase(monthNames.join("|"))})`;
const weekday = `(?:${anyCase("mon|tue|wed|thu|fri|sat|sun")})`;
const longWeekday = `(?:${anyCase("mon|tues|wednes|thurs|fri|satur|sun")})${anyCase("day")}`;
const dayOfMonth = "(?: \\d|\\d{1,2})";

const formats: readonly RegExp[] = [
  day,
  `${day}T${time}${colon}`,
  `${day}T${time}`,
  `${weekday}, (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} (?:${signed}|(?:${zoneName}))`,
  `(?<day>\\d\\d) ${month} (?<shortYear>\\d\\d) (?<hour>\\d{1,2}):(?<minute>\\d\\d) (?:${signed}|(?:${zoneName}))`,
  `${longWeekday}, (?<day>\\d\\d)-${month}-(?<shortYear>\\d\\d) ${time} (?:${zoneName})`,
  `${day} ${time} ${signed} (?:${zoneName})`,
  `${day}T${time}${signed}`,
  `${day} ${time}${plain}`,
  `${day} ${time}`,
  `${weekday} ${month} (?<day>${dayOfMonth}) ${time} (?<year>\\d{4})`,
  `${weekday} ${month} (?<day>${dayOfMonth}) ${time} (?:${zoneName}) (?<year>\\d{4})`,
  `${weekday} ${month} (?<day>\\d\\d) ${time} ${signed} (?<year>\\d{4})`,
  `${day} ${time}${colon}`,
  `(?<day>\\d\\d) ${month} (?<year>\\d{4})`,
  `${day} ${time} (?<offset>[+-]\\d\\d:\\d\\d)`,
  `${day} ${time} ${signed}`,
  // Times of day without a year belong to year 0.
  `(?<hour>\\d{1,2}):(?<minute>\\d\\d)(?<half>AM|PM)`,
  `${month} (?<day>${dayOfMonth}) ${time}`,
].map((format) => new RegExp(`^(?:${format})$`));

/** Names are case-insensitive; `T` and `Z` are not. */
function anyCase(names: string): string {
  return names.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

// --- one date ---

const utc = timeZone("");

type Groups = Readonly<Record<string, string | undefined>>;

function dateOf(groups: Groups, zone: TimeZone): Date | undefined {
  const { monthName, shortYear, fraction = "", offset, half } = groups;
  const number = (name: string, otherwise: number) => Number(groups[name] ?? otherwise);
  const hour = number("hour", 0);
  const wall: WallTime = {
    year: shortYear === undefined ? number("year", 0) : fullYear(Number(shortYear)),
    month: monthName === undefined ? number("month", 1) : monthNames.indexOf(monthName.toLowerCase()) + 1,
    day: number("day", 1),
    hour: half === undefined ? hour : (hour % 12) + (half === "PM" ? 12 : 0),
    minute: number("minute", 0),
    second: number("second", 0),
    millisecond: Math.floor(Number(`0.${fraction || 0}`) * 1000),
  };
  if (offset === undefined) return zone.instant(wall);
  const date = utc.instant(wall);
  return date && new Date(date.getTime() - minutesOf(offset) * 60_000);
}

function fullYear(short: number): number {
  return short < 69 ? 2000 + short : 1900 + short;
}

function minutesOf(offset: string): number {
  if (offset === "Z") return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(offset) ?? [];
  return (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
}
