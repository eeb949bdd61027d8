import type { Tags } from "./read-tags.ts";
import { exifText, iptcTexts, xmpText } from "./values.ts";

/**
 * When a photograph was taken, in ISO 8601: the first date that is found. Often the same time is stored twice, and only once
 * with its zone: then the result has the zone.
 */
export function dateTaken({ exif, xmp, iptc }: Tags): string | undefined {
  const dates = [
    exifDate(exifText(exif, "DateTimeOriginal"), exifText(exif, "OffsetTimeOriginal")),
    isoDate(xmpText(xmp, "DateCreated")),
    isoDate(xmpText(xmp, "DateTimeOriginal")),
    iptcDate(iptcTexts(iptc, "Date Created")[0], iptcTexts(iptc, "Time Created")[0]),
    isoDate(xmpText(xmp, "CreateDate")),
  ].filter((date) => date !== undefined);
  const [first] = dates;
  return first && (dates.find((date) => date.length > first.length && date.startsWith(first)) ?? first);
}

/** `2026:05:01 12:30:00`, and `+02:00` (EXIF 2.32 §4.6.5). */
function exifDate(date = "", zone = ""): string | undefined {
  const [, year, month, day, time] = /^\s*(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(date) ?? [];
  const [offset = ""] = /^(?:[+-]\d\d:\d\d|Z)/.exec(zone) ?? [];
  return year && real(`${year}-${month}-${day}`, time, offset);
}

/** ISO 8601 as in XMP: it can end after the day or the minute, and can have fractions of a second. */
function isoDate(text = ""): string | undefined {
  const [, day, minute, second = ":00", zone] =
    /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?\s*$/.exec(text) ?? [];
  return day && real(day, minute && minute + second, zone);
}

/** `20260501`, and `123000+0200` (IPTC-IIM 4.2 §6). */
function iptcDate(date = "", time = ""): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(date) ?? [];
  const [, hour, minute, second, zone] = /^(\d\d)(\d\d)(\d\d)([+-]\d{4})?/.exec(time) ?? [];
  const offset = zone && `${zone.slice(0, 3)}:${zone.slice(3)}`;
  return year && real(`${year}-${month}-${day}`, hour && `${hour}:${minute}:${second}`, offset);
}

/** Without an impossible time or zone; undefined for an impossible day: cameras whose clock is not set write zeros. */
function real(day: string, time = "", zone = ""): string | undefined {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day || date.getUTCFullYear() === 0)
    return undefined;
  if (!/^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(time)) return day;
  return /^(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/.test(zone) ? `${day}T${time}${zone}` : `${day}T${time}`;
}
