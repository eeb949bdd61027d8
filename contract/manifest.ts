import * as v from "valibot";
import { type Focus, isFocus } from "./crop.ts";
import { askedFormats } from "./formats.ts";
import { MAX_QUALITY } from "./request.ts";
import { anObject, check, list, object, text, whole } from "./schema.ts";

/** What a scan writes. The templates know the number too (manifest.html). */
export const MANIFEST_SCHEMA = 2;

/** 0 where an SVG has no size of its own. */
const side = whole(0, 9_999_999, "a whole number of pixels");

/** What is known of every photograph, and all that schema 1 has. Some of it is printed into pages where nothing is escaped. */
export const manifestBasics = object({
  /** Displayed size in pixels, after EXIF rotation. */
  width: side,
  height: side,
  /** The source's version, 10 hex digits: `v` in every URL. */
  version: text(/^[0-9a-f]{10}$/, "10 hex digits"),
  /** Dominant colour as `#rrggbb`; absent where the image is transparent. */
  color: v.exactOptional(text(/^#[0-9a-f]{6}$/, "#rrggbb")),
  /** A 16-pixel WebP in base64, at most 150 bytes before it; absent for SVG. */
  placeholder: v.exactOptional(
    text(/^(?:[A-Za-z0-9+/]{4}){0,100}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, "base64"),
  ),
});

/** Members of schema 2. */
const added = {
  /** The point that a crop keeps: `fp` of URLs with `ar`. */
  focus: v.custom<Focus>(isFocus),
  /** Tuned quality: by format, in place of the tiers' own; `offset` is added to the tiers' own. */
  q: v.pipe(
    anObject(),
    v.strictObject({
      ...v.entriesFromList(askedFormats, v.exactOptional(whole(1, MAX_QUALITY))),
      offset: v.exactOptional(whole(1 - MAX_QUALITY, MAX_QUALITY - 1)),
    }),
    v.readonly(),
  ),
  /** What its EXIF, IPTC and XMP say, as far as the site publishes it: a stranger's text, to be escaped wherever it is printed. */
  meta: anObject(),
  /** It is brighter than white on screens that can show that. */
  hdr: v.boolean(),
  /** How much of the picture there is, in percent, where that is not all. */
  damaged: whole(0, 99),
} as const;

const manifestImage = object({
  ...manifestBasics.entries,
  focus: v.exactOptional(added.focus),
  q: v.exactOptional(added.q),
  meta: v.exactOptional(added.meta),
  hdr: v.exactOptional(added.hdr),
  damaged: v.exactOptional(added.damaged),
});

/** What the hook knows of one photograph. */
export type ManifestImage = v.InferOutput<typeof manifestImage>;

/** What the scanner writes to `assets/imgproxy.json` and the hook reads. */
export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  /** By source key. */
  readonly images: Readonly<Record<string, ManifestImage>>;
  /** By name: the source keys in the order in which they are shown. */
  readonly galleries?: Readonly<Record<string, readonly string[]>>;
}

/** A later version has written the manifest: what it says must not be taken for nothing. */
export class NewerManifest extends Error {
  constructor(schema: number) {
    super(`has schema ${schema}, and this version reads 1 to ${MANIFEST_SCHEMA}`);
  }
}

const schemaNumber = whole(1, Number.MAX_SAFE_INTEGER);
const gallery = list(v.string(), 1_000_000);

/**
 * A manifest of schema 1 or 2. A photograph or a gallery that no scan has written is left out; of the members that schema 2
 * has added to a photograph, one that is not what it should be.
 * @returns undefined for what is no manifest.
 * @throws NewerManifest
 */
export function parseManifest(value: unknown): Pick<Manifest, "images" | "galleries"> | undefined {
  const said = checked(anObject(), value);
  const schema = checked(schemaNumber, said?.schema);
  if (schema === undefined) return undefined;
  if (schema > MANIFEST_SCHEMA) throw new NewerManifest(schema);
  const images = checked(anObject(), said?.images);
  if (images === undefined) return undefined;
  const galleries = membersOf(checked(anObject(), said?.galleries) ?? {}, (keys) => checked(gallery, keys));
  return {
    images: membersOf(images, parseManifestImage),
    ...(Object.keys(galleries).length > 0 && { galleries }),
  };
}

function parseManifestImage(value: unknown): ManifestImage | undefined {
  const basics = checked(manifestBasics, value);
  const said = basics && checked(anObject(), value);
  if (said === undefined) return undefined;
  const good = Object.entries(added).filter(([name, schema]) => checked(schema, said[name]) !== undefined);
  return checked(manifestImage, {
    ...basics,
    ...Object.fromEntries(good.map(([name]) => [name, said[name]])),
  });
}

/** Sorted keys and one image or gallery a line: a new photograph is one added line in the blog's history. */
export function formatManifest({ schema, images, galleries }: Manifest): string {
  const more = galleries === undefined ? "" : `,\n  "galleries": ${formatLines(galleries)}`;
  return `{\n  "schema": ${schema},\n  "images": ${formatLines(images)}${more}\n}\n`;
}

// --- parts ---

function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> | undefined {
  const found = check(schema, value);
  return "value" in found ? found.value : undefined;
}

/** Those that can be read. */
function membersOf<Value>(
  members: Readonly<Record<string, unknown>>,
  read: (value: unknown) => Value | undefined,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, member]) => {
      const value = read(member);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function formatLines(members: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(members)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{${lines.length > 0 ? `\n${lines.join(",\n")}\n  ` : ""}}`;
}
