import type { VariantClass } from "../../contract/formats.ts";

/** One source at one width and quality for one class of reader. No `width`: the photograph's own. */
export interface Variant {
  readonly key: string;
  readonly width?: number;
  readonly quality: number;
  readonly class: VariantClass;
}

export interface EntryMeta {
  /** The source's validator when the entry was made. */
  readonly validator: string;
  readonly contentType: string;
  /** Pixels of the body. */
  readonly width: number;
  readonly height: number;
  /** Strong, quoted, from a hash of the body. */
  readonly etag: string;
  /** The encoder's effort: a warm entry may replace a live one. */
  readonly effort: number;
  /** Made in place of what was asked for (WebP for an AVIF too large to be live): readers keep it for a minute. */
  readonly substitute: boolean;
  /** Milliseconds since 1970. */
  readonly made: number;
}

export interface Entry {
  readonly meta: EntryMeta;
  readonly body: Uint8Array;
}

/** Beside the variants of a source: what is known of it, so that a reader's check costs no source request. */
export interface SourceRecord {
  readonly validator: string;
  readonly bytes: number;
  /** Media type by its first bytes. */
  readonly type: string;
  /** Displayed pixels, after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alpha: boolean;
  readonly color?: string;
  /** A 16-pixel WebP in base64. */
  readonly placeholder?: string;
  /** When the source last confirmed the validator, milliseconds since 1970. */
  readonly checked: number;
}

/**
 * Where made variants are kept. Nothing here fails a request: a read that cannot be trusted is a miss, and a write
 * says whether the entry is stored.
 */
export interface VariantCache {
  read(variant: Variant): Promise<Entry | undefined>;
  /** What {@link read} would say of an entry, without its body and without a look at it: a thousand cost little. */
  readMeta(variant: Variant): Promise<EntryMeta | undefined>;
  write(variant: Variant, entry: Entry): Promise<boolean>;
  /** Deletes all that is kept of a source; returns the number of variants, undefined where the volume does not say. */
  purge(key: string): Promise<number | undefined>;
  /** The name of a variant's entry: what a published set pins. */
  nameOf(variant: Variant): string;
  /** Names of the entries of a source's variants; undefined where the volume does not say. */
  entriesOf(key: string): Promise<readonly string[] | undefined>;
  /** About how many sources have entries, of this cache or of others on its volume; undefined where it does not say. */
  countSources(): Promise<number | undefined>;
  /** Deletes so many of these entries, the longest unused first; returns how many. */
  evict(names: readonly string[], count: number): Promise<number>;
}

/** The small entries beside the variants; the same promises as {@link VariantCache}. */
export interface SourceRecords {
  readRecord(key: string): Promise<SourceRecord | undefined>;
  writeRecord(key: string, record: SourceRecord): Promise<boolean>;
}
