/** A date and a time of day, without a zone. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** The local time of a place. */
export interface TimeZone {
  /** The instant at which its clock shows that time; undefined for an impossible date. */
  instant(wall: WallTime): Date | undefined;
}

/**
 * @param name from the IANA database, such as `Europe/Berlin`; empty for UTC, `Local` for this machine's zone.
 * @throws RangeError for an unknown name.
 */
export function timeZone(name: string): TimeZone {
  const offsetAt = name === "" || name === "UTC" ? () => 0 : offsets(name === "Local" ? undefined : name);
  return {
    instant(wall) {
      const utc = instantInUtc(wall);
      if (utc === undefined) return undefined;
      // As in Go's time.Date: the offset at that time as if it were UTC, corrected once if the clock changes near it.
      const first = utc - offsetAt(utc);
      return new Date(utc - offsetAt(first));
    },
  };
}

/** Milliseconds since 1970 if the time were in UTC. */
function instantInUtc({ year, month, day, hour, minute, second, millisecond }: WallTime): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return date.setUTCHours(hour, minute, second, millisecond);
}

/** The zone's offset from UTC, in milliseconds. */
function offsets(name: string | undefined): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...(name !== undefined && { timeZone: name }),
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const year = parts.get("era") === "BC" ? 1 - number("year") : number("year");
    const shown = new Date(0);
    shown.setUTCFullYear(year, number("month") - 1, number("day"));
    shown.setUTCHours(number("hour"), number("minute"), number("second"), 0);
    return shown.getTime() - Math.floor(instant / 1000) * 1000;
  };
}
