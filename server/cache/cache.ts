import * as v from "valibot";
import type { VariantClass } from "../../contract/formats.ts";
import { parseMeta } from "../../contract/meta.ts";
import { object, whole } from "../../contract/schema.ts";
import { curves, offsets } from "../../contract/tuning.ts";
import { type Focus, isFocus, type Ratio } from "../../contract/url/crop.ts";
import type { ImageRequest } from "../../contract/url/request.ts";

/** One source at one width, ratio and quality for one class of readers. Without `width` or `ratio`: the photograph's own. */
export interface Variant {
  readonly key: string;
  readonly width?: number;
  readonly ratio?: Ratio;
  /** Only with a `ratio`. Without `focus`: that of the source entry, or the centre. */
  readonly focus?: Focus;
  readonly quality: number;
  readonly class: VariantClass;
}

/** The variant that a request gets in one class of readers. */
export function variantOf(asked: ImageRequest, of: VariantClass, defaultQuality: number): Variant {
  const { key, width, ratio, focus, quality = defaultQuality } = asked;
  return {
    key,
    quality,
    class: of,
    ...(width !== undefined && { width }),
    ...(ratio !== undefined && { ratio }),
    ...(focus !== undefined && { focus }),
  };
}

const count = whole(0, Number.MAX_SAFE_INTEGER);
const text = v.string();
const offset = whole(-99, 99);

export const entryMeta = object({
  /** The source's validator when the entry was made. */
  validator: text,
  contentType: text,
  /** Size in pixels. */
  width: count,
  height: count,
  /** Strong, quoted, from a hash of the body. */
  etag: text,
  /** The encoder's effort: a warm entry can replace a live one. */
  effort: count,
  /** Made instead of the requested format (WebP for an AVIF that is too large to be live): readers cache it for a minute. */
  substitute: v.boolean(),
  /** What the photograph's tuning added to `q`; an entry without it is made again if the source entry has one. */
  offset: v.exactOptional(offset),
  /** LOOK of the release that made it; the first release wrote none. */
  look: v.optional(count, 1),
  /** When the source was asked for the original that it was made from, in milliseconds since 1970. */
  made: count,
});
export type EntryMeta = v.InferOutput<typeof entryMeta>;

export interface Entry {
  readonly meta: EntryMeta;
  readonly body: Uint8Array;
}

/** The source entry, beside the variants: with it, a check for a reader needs no request to the source. */
export const sourceRecord = object({
  validator: text,
  bytes: count,
  /** Media type by its first bytes. */
  type: text,
  /** Displayed pixels, after EXIF rotation. */
  width: count,
  height: count,
  frames: count,
  alpha: v.boolean(),
  color: v.exactOptional(text),
  /** A 16-pixel WebP in base64. */
  placeholder: v.exactOptional(text),
  /** How much of the picture exists, in percent; an older release did not look. */
  whole: v.exactOptional(whole(0, 100)),
  /** The offsets of a tuned photograph; empty if it cannot be tuned. */
  offsets: v.exactOptional(offsets),
  /** What has been measured of it; empty if it cannot be tuned. */
  curves: v.exactOptional(curves),
  /** The point that a crop keeps if its URL has no `fp`; an older release did not look for it. */
  focus: v.exactOptional(v.custom<Focus>(isFocus)),
  /** LOOK of the release that made colour and placeholder; the first release wrote none. */
  look: v.optional(count, 1),
  /** What its metadata say; undefined if they were not read. */
  meta: v.optional(v.pipe(v.unknown(), v.transform(parseMeta))),
  /** Whether they were asked where it was taken. */
  located: v.exactOptional(v.boolean()),
  /** When the source last confirmed the validator, in milliseconds since 1970. */
  checked: count,
});
export type SourceRecord = v.InferOutput<typeof sourceRecord>;

/**
 * The cache of variants. It never fails a request: an entry that cannot be read or verified is a miss, and a write returns
 * whether the entry is stored.
 */
export interface VariantCache {
  read(variant: Variant): Promise<Entry | undefined>;
  /** The metadata that {@link read} would return, without reading the body: cheap for thousands. */
  readMeta(variant: Variant): Promise<EntryMeta | undefined>;
  /**
   * Bytes of the body that {@link read} would return; undefined also for a substitute. It is only looked at: to the GC, nobody has
   * used it.
   */
  bytesOf(variant: Variant): Promise<number | undefined>;
  write(variant: Variant, entry: Entry): Promise<boolean>;
  /** Deletes everything of a source; returns the number of variants, undefined if the volume does not answer. */
  purge(key: string): Promise<number | undefined>;
  /** The name of a variant's entry, which a published set pins. */
  nameOf(variant: Variant): string;
  /** Names of the entries of a source's variants; undefined if the volume does not answer. */
  entriesOf(key: string): Promise<readonly string[] | undefined>;
  /** Approximate number of sources with entries, of this cache or of others on its volume; undefined if it does not answer. */
  countSources(): Promise<number | undefined>;
  /**
   * Whether this process has a source's entries to itself, for work that one replica is enough for: until it releases them, or for ten
   * minutes. False if there are none, or the volume does not answer.
   */
  lease(key: string): Promise<boolean>;
  release(key: string): Promise<void>;
  /** Deletes this number of the given entries, the least recently used first; returns how many. */
  evict(names: readonly string[], count: number): Promise<number>;
}

/** The source entries; the same guarantees as {@link VariantCache}. */
export interface SourceRecords {
  readRecord(key: string): Promise<SourceRecord | undefined>;
  /**
   * Replaces a record by what is made of it. In one process the changes of a key follow one another, so none undoes one that it has not
   * seen. Of two replicas that change it within the same milliseconds the later one wins; what is lost is found again by the next scan.
   * @param change gets the record of this moment, and returns undefined to leave it as it is. @returns false if the volume failed.
   */
  changeRecord(
    key: string,
    change: (record: SourceRecord | undefined) => SourceRecord | undefined,
  ): Promise<boolean>;
}
