import type { MetaLocation } from "../../../../contract/meta.ts";
import type { Tags } from "./read-tags.ts";
import { member, xmpNumber, xmpText } from "./values.ts";

/** Where a photograph was taken, from EXIF, else from XMP. A receiver without a position writes `0, 0`. */
export function readLocation({ gps, xmp }: Tags): MetaLocation | undefined {
  const found = [
    [member(gps, "Latitude"), member(gps, "Longitude"), member(gps, "Altitude")],
    [
      degrees(xmpText(xmp, "GPSLatitude")),
      degrees(xmpText(xmp, "GPSLongitude")),
      xmpNumber(xmp, "GPSAltitude"),
    ],
  ].find(([latitude, longitude]) => isAngle(latitude, 90) && isAngle(longitude, 180));
  const [latitude, longitude, altitude] = (found ?? []).map(Number);
  if (latitude === undefined || longitude === undefined || (latitude === 0 && longitude === 0))
    return undefined;
  return {
    latitude: rounded(latitude, 5),
    longitude: rounded(longitude, 5),
    ...(altitude !== undefined && Math.abs(altitude) < 12_000 && { altitude: rounded(altitude, 0) }),
  };
}

function isAngle(value: unknown, most: number): boolean {
  return typeof value === "number" && Math.abs(value) <= most;
}

/** `51,30.25N` or `51,30,15N` (XMP part 2, §3.3). */
function degrees(text = ""): number | undefined {
  const [, whole, minutes, seconds = "0", side = ""] =
    /^(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const angle = Number(whole) + Number(minutes) / 60 + Number(seconds) / 3_600;
  return side === "S" || side === "W" ? -angle : angle;
}

/** Five digits of a degree are a metre. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
