import * as v from "valibot";
import names from "./meta-fields.json" with { type: "json" };
import { anObject, check, list, object, text, whole } from "./schema.ts";

/** Bytes of one text in UTF-8, items of a list, and bytes of all fields as JSON. */
export const metaLimits = { textBytes: 2_048, keywords: 64, regions: 32, allBytes: 8_192 } as const;

/**
 * What no text of a photograph has: controls, ends of lines, halves of characters, and what changes the direction of the text
 * that follows (Unicode's embeddings, overrides and isolates, as in "Trojan Source").
 */
export const unfitForText = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

const line = v.pipe(
  v.string("text"),
  v.check((value) => value !== "" && !unfitForText.test(value), "text on one line"),
  v.check((value) => bytesOf(value) <= metaLimits.textBytes, `no more than ${metaLimits.textBytes} bytes`),
);

const address = v.pipe(line, v.regex(/^https?:\/\/[^\s"'<>`]+$/i, "a web address"));

const number = (least: number, most: number) =>
  v.pipe(v.number("a number"), v.minValue(least, `at least ${least}`), v.maxValue(most, `at most ${most}`));

export const regionKinds = ["face", "pet", "focus", "code", "other"] as const;

/** A rectangle by its centre and its sides, in percent of the displayed photograph. */
const region = object({
  kind: v.picklist(regionKinds, regionKinds.join(", ")),
  x: number(0, 100),
  y: number(0, 100),
  width: number(0, 100),
  height: number(0, 100),
});
export type MetaRegion = v.InferOutput<typeof region>;

/** Degrees, north and east positive (WGS 84); metres above sea level. */
const location = object({
  latitude: number(-90, 90),
  longitude: number(-180, 180),
  altitude: v.exactOptional(number(-12_000, 100_000)),
});
export type MetaLocation = v.InferOutput<typeof location>;

const members = {
  title: v.exactOptional(line),
  /** A description for those who cannot see the photograph: IPTC's `AltTextAccessibility`. */
  alt: v.exactOptional(line),
  description: v.exactOptional(line),
  creator: v.exactOptional(line),
  /** The line that should stand beside the photograph. */
  credit: v.exactOptional(line),
  copyright: v.exactOptional(line),
  /** The address of the licence, or of a page about the rights. */
  licence: v.exactOptional(address),
  /** The address where a licence can be had: PLUS's `LicensorURL`. */
  licensor: v.exactOptional(address),
  /** When it was taken: `2026-05-01`, `2026-05-01T12:30:00`, and with the zone if it is known: `2026-05-01T12:30:00+02:00`. */
  date: v.exactOptional(
    text(/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?)?$/, "a date of ISO 8601"),
  ),
  /** Maker and model. */
  camera: v.exactOptional(line),
  lens: v.exactOptional(line),
  /** Focal length in millimetres, not converted to 35 mm film. */
  focal: v.exactOptional(number(0, 100_000)),
  /** The f-number. */
  aperture: v.exactOptional(number(0, 1_000)),
  /** Seconds, as photographers write them: `1/250`, `0.5`, `30`. */
  exposure: v.exactOptional(text(/^(?:1\/[1-9]\d{0,6}|\d{1,6}(?:\.\d)?)$/, "seconds or a fraction")),
  iso: v.exactOptional(whole(1, 100_000_000)),
  /** Parts of the photograph that matter: MWG's and Microsoft's regions. The names of people are not read. */
  regions: v.exactOptional(list(region, metaLimits.regions)),
  keywords: v.exactOptional(list(line, metaLimits.keywords)),
  /** Where it was taken. It is read only if it is asked for by name, and published only with a precision. */
  location: v.exactOptional(location),
};
export type MetaField = keyof typeof members;

/** All fields. If together they are too long, the first ones are kept. */
export const metaFields = names.fields as readonly MetaField[];

export const metaField = v.picklist(metaFields, `takes ${metaFields.join(", ")}`);

/** A location that is rounded. The numbers are decimal digits of a degree: 0.1 degrees are 11 km from south to north. */
const digitsOf: Readonly<Record<string, number>> = names.locations;
export type RoundedLocation = keyof typeof names.locations;

/** What everyone can read: a site's pages, and `fm=json`. A location has a precision. */
export type PublishedField = Exclude<MetaField, "location"> | RoundedLocation;

const roundedLocations = Object.keys(names.locations) as RoundedLocation[];
export const publishedFields: readonly PublishedField[] = [
  ...metaFields.filter((field) => field !== "location"),
  ...roundedLocations,
];

/** What is taken instead of a text that is no published field. */
export function publishedWords(text: unknown, otherwise = publishedFields.join(", ")): string {
  if (!String(text).startsWith("location")) return otherwise;
  return `location only with a precision: ${roundedLocations.join(", ")}`;
}

/** What a site publishes: the fields that it names, and those that it shows. */
export function publishedBy({
  meta,
  exif,
}: {
  readonly meta: readonly PublishedField[];
  readonly exif: boolean;
}): readonly PublishedField[] {
  return exif ? [...meta, ...(names.ofCamera as PublishedField[])] : meta;
}

/** The fields to ask for. */
export function fieldsOf(wanted: readonly (MetaField | PublishedField)[]): MetaField[] {
  return metaFields.filter((field) =>
    wanted.some((one) => one === field || (field === "location" && one in digitsOf)),
  );
}

const bare = object(members);

/**
 * What a photograph's own metadata (EXIF, IPTC, XMP) say. All of it is untrusted text: bounded, on one line, without controls,
 * and not escaped for HTML. A field is absent if it is not there or makes no sense.
 */
export type PhotoMeta = v.InferOutput<typeof bare>;

export const photoMeta = v.pipe(
  anObject(),
  bare,
  v.check((meta) => isBounded(meta), `is longer than ${metaLimits.allBytes} bytes`),
);
/** The fields that there are, without members that nobody knows; undefined if one of them is not as it should be. */
export function parseMeta(value: unknown): PhotoMeta | undefined {
  const checked = check(photoMeta, value);
  return "value" in checked ? checked.value : undefined;
}

/** Some of the fields. Of several precisions of the location, the coarsest one counts. */
export function pickMeta(meta: PhotoMeta, wanted: readonly (MetaField | PublishedField)[]): PhotoMeta {
  const picked = Object.entries(meta).filter(([name]) => wanted.some((field) => field === name));
  const digits = Math.min(...wanted.map((field) => digitsOf[field] ?? Number.POSITIVE_INFINITY));
  const { location } = meta;
  if (location === undefined || digits === Number.POSITIVE_INFINITY) return Object.fromEntries(picked);
  return { ...Object.fromEntries(picked), location: rounded(location, digits) };
}

/** Without the altitude: on a mountain it says where on the mountain. */
function rounded({ latitude, longitude }: MetaLocation, digits: number): MetaLocation {
  return { latitude: Number(latitude.toFixed(digits)), longitude: Number(longitude.toFixed(digits)) };
}

/** Whether all fields together are no longer than they may be. */
export function isBounded(meta: PhotoMeta): boolean {
  return bytesOf(JSON.stringify(meta)) <= metaLimits.allBytes;
}

function bytesOf(value: string): number {
  return new TextEncoder().encode(value).byteLength;
}
