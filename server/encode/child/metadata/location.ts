import type { MetaLocation } from "../../../../contract/meta.ts";
import type { Tags } from "./read-tags.ts";
import { exifNumber, exifText, tagValue, xmpNumber, xmpText } from "./values.ts";

/** Where a photograph was taken, from EXIF, else from XMP. A receiver without a position writes `0, 0`. */
export function readLocation({ exif, xmp }: Tags): MetaLocation | undefined {
  const found = [
    [exifAngle(exif, "GPSLatitude"), exifAngle(exif, "GPSLongitude"), exifAltitude(exif)],
    [
      degrees(xmpText(xmp, "GPSLatitude")),
      degrees(xmpText(xmp, "GPSLongitude")),
      xmpNumber(xmp, "GPSAltitude"),
    ],
  ].find(([latitude, longitude]) => isAngle(latitude, 90) && isAngle(longitude, 180));
  const [latitude, longitude, altitude] = found ?? [];
  if (latitude === undefined || longitude === undefined || (latitude === 0 && longitude === 0))
    return undefined;
  return {
    latitude: rounded(latitude, 5),
    longitude: rounded(longitude, 5),
    ...(altitude !== undefined && Math.abs(altitude) < 12_000 && { altitude: rounded(altitude, 0) }),
  };
}

/**
 * Degrees, minutes and seconds as three fractions (EXIF 2.32 §4.6.6). Some writers have `0/0` where the minutes are decimal. Without the
 * letter of its hemisphere it could be on the other side of the world: then there is none.
 */
function exifAngle(exif: unknown, name: string): number | undefined {
  const value: unknown = tagValue(exif, name);
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [whole, minutes, seconds] = value.map((part: unknown, at) => fraction(part, at > 0));
  return signed(whole, minutes, seconds, exifText(exif, `${name}Ref`));
}

function fraction(part: unknown, mayBeUnknown: boolean): number | undefined {
  if (!Array.isArray(part)) return undefined;
  const [over, under]: readonly unknown[] = part;
  if (typeof over !== "number" || typeof under !== "number") return undefined;
  return over === 0 && under === 0 && mayBeUnknown ? 0 : over / under;
}

function exifAltitude(exif: unknown): number | undefined {
  const altitude = exifNumber(exif, "GPSAltitude");
  return altitude !== undefined && tagValue(exif, "GPSAltitudeRef") === 1 ? -altitude : altitude;
}

function isAngle(value: number | undefined, most: number): boolean {
  return value !== undefined && Math.abs(value) <= most;
}

/** `51,30.25N` or `51,30,15N` (XMP part 2, §3.3). */
function degrees(text = ""): number | undefined {
  const [, whole, minutes, seconds = "0", side] =
    /^(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])$/i.exec(text.trim()) ?? [];
  return whole === undefined ? undefined : signed(Number(whole), Number(minutes), Number(seconds), side);
}

/** @param side `N`, `S`, `E` or `W`. */
function signed(whole = -1, minutes = -1, seconds = -1, side = ""): number | undefined {
  const [letter] = /^[NSEW]/i.exec(side.trim()) ?? [];
  const isRight = whole >= 0 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60;
  if (letter === undefined || !isRight) return undefined;
  const angle = whole + minutes / 60 + seconds / 3_600;
  return /[SW]/i.test(letter) ? -angle : angle;
}

/** Five digits of a degree are a metre. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
