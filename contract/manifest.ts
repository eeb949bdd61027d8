import * as v from "valibot";
import { askedFormats } from "./formats.ts";
import { photoMeta } from "./meta.ts";
import { anObject, check, list, object, text, whole } from "./schema.ts";
import { type Focus, isFocus } from "./url/crop.ts";
import { MAX_QUALITY } from "./url/request.ts";

/** The schema that a scan writes. The templates have the number too (manifest.html). */
export const MANIFEST_SCHEMA = 2;

/** 0 for an SVG without a size of its own. */
const side = whole(0, 9_999_999, "a whole number of pixels");

/** Known for every photograph; schema 1 has only these members. Pages print some of them where nothing is escaped. */
export const manifestBasics = object({
  /** Displayed size in pixels, after EXIF rotation. */
  width: side,
  height: side,
  /** The source's version, 10 hex digits: `v` in every URL. */
  version: text(/^[0-9a-f]{10}$/, "10 hex digits"),
  /** Dominant colour as `#rrggbb`; absent if the image is transparent. */
  color: v.exactOptional(text(/^#[0-9a-f]{6}$/, "#rrggbb")),
  /** A 16-pixel WebP in base64, at most 150 bytes before the encoding; absent for SVG. */
  placeholder: v.exactOptional(
    text(/^(?:[A-Za-z0-9+/]{4}){0,100}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, "base64"),
  ),
});

/** Members of schema 2. */
const added = {
  /** The point that a crop keeps: the `fp` of URLs with `ar`. */
  focus: v.custom<Focus>(isFocus),
  /**
   * Tuned quality: by format, that of the tier for 400 px, from which the other tiers keep their distance (page/tuned.ts); `offset`
   * is added to the tiers' quality in formats that are not named.
   */
  q: v.pipe(
    anObject(),
    v.strictObject({
      ...v.entriesFromList(askedFormats, v.exactOptional(whole(1, MAX_QUALITY))),
      offset: v.exactOptional(whole(1 - MAX_QUALITY, MAX_QUALITY - 1)),
    }),
    v.readonly(),
  ),
  /** The fields of its EXIF, IPTC and XMP that params.imgproxy.meta names. Anyone can have written them: escape them wherever they are printed. */
  meta: photoMeta,
  /** Whether it has parts brighter than white, for screens that can show them. */
  hdr: v.boolean(),
  /** How much of the picture exists, in percent, if a part is missing; 0 if it is not known where. */
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

/** Everything that the hook knows about one photograph. */
export type ManifestImage = v.InferOutput<typeof manifestImage>;

/** The scanner writes it to `assets/imgproxy.json`, and the hook reads it. */
export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  /** By source key. */
  readonly images: Readonly<Record<string, ManifestImage>>;
  /**
   * The source keys in the order in which they are shown, each with an entry in `images`; empty for a folder without photographs. By
   * name: the folder without slashes at its ends (`trips/alps`), or the pattern (`trips/**`), and unless its order is by name,
   * `?order=` and the order (`-name`, `date`, `-date`).
   */
  readonly galleries?: Readonly<Record<string, readonly string[]>>;
}

/** A later version has written the manifest: it must not be treated as empty. */
export class NewerManifest extends Error {
  constructor(schema: number) {
    super(`has schema ${schema}, and this version reads 1 to ${MANIFEST_SCHEMA}`);
  }
}

const schemaNumber = whole(1, Number.MAX_SAFE_INTEGER);
const gallery = list(v.string(), 1_000_000);

/**
 * A manifest of schema 1 or 2. A photograph or a gallery that no scan can have written is left out; so is a member of
 * schema 2 that is not valid, without its photograph.
 * @returns undefined if the text is no manifest.
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

/** The entries that can be read. */
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
