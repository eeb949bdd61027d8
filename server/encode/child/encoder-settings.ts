import type { AvifOptions, GifOptions, JpegOptions, PngOptions, WebpOptions } from "sharp";
import { type EncodedFormat, type FormatName, formatByType } from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";
import type { Plan } from "./plan.ts";

/** The settings of one lane of one format. A number of effort selects a row: entries record it, and `--effort` asks for one. */
interface Row<Options> {
  readonly effort: number;
  /** Above this number of megapixels, `largeEffort` keeps to the lane's deadline and to the memory of a job. */
  readonly megapixels?: number;
  readonly largeEffort?: number;
  readonly options: Options;
}

interface Settings<Options> {
  /** A reader waits: time first. */
  readonly live: Row<Options>;
  /** Made in advance, read often: bytes first. */
  readonly warm: Row<Options>;
  /** From this effort on an image is as good as a warm one, and has the warm row's options. */
  readonly warmFrom: number;
  /** The encoder's maximum. */
  readonly most: number;
}

/**
 * All encoder settings. Quality is in quality.ts: at one `q`, both lanes look the same.
 *
 * Costs are CPU of the encoder alone, gains are bytes at equal SSIMULACRA2: means of ten photographs at 480 px.
 */
const table = {
  avif: settings<AvifOptions>({
    // Effort 1, against 2: 0.62 × CPU, 3.6 % more bytes. Against 4:2:0, which peers send: 1.12 × CPU, 3 % fewer bytes.
    // Effort 0: 0.3 × the CPU of 1, 8 % more bytes. Effort 3: 3.1 × the CPU of 1, 8.8 % fewer bytes; 4: 14 × and 11 %.
    live: { effort: 1, megapixels: 4, largeEffort: 0, options: {} },
    warm: { effort: 3, megapixels: 8, largeEffort: 2, options: {} },
    warmFrom: 2,
    most: 9,
  }),
  // The warm row: 3.3 × CPU, 5.4 % fewer bytes. Smart subsampling averages halved colours better, for twice the time; in graphics
  // the difference is visible, and both lanes have it (hasSharpChroma).
  webp: settings<WebpOptions>({
    live: { effort: 4, options: { smartSubsample: false } },
    warm: { effort: 6, options: { smartSubsample: true } },
    warmFrom: 5,
    most: 6,
  }),
  // The live row has mozjpeg's quantisation table, and optimal Huffman codes. Progressive scans, which hold the same pixels: 1.7 × CPU;
  // 2.8 % more bytes at quality 40, 0.5 % more at 66, 1.3 % fewer at 82. The warm row adds trellis quantisation, a search for the
  // best scans, and deringing: 6.8 × CPU, 6 % fewer bytes.
  jpg: settings<JpegOptions>({
    live: { effort: 0, options: { quantisationTable: 3 } },
    warm: { effort: 1, options: { mozjpeg: true } },
    warmFrom: 1,
    most: 1,
  }),
  // A palette at effort 1 has up to 2.5 times the bytes of one at effort 7, for the same CPU (four times in photographs), and can
  // tint the whole picture: a page of text, 142 KB with white as grey-blue, has 82 KB without a tint.
  png: settings<PngOptions>({
    live: { effort: 0, options: { effort: 7 } },
    warm: { effort: 0, options: { effort: 7 } },
    warmFrom: 0,
    most: 0,
  }),
  gif: settings<GifOptions>({
    live: { effort: 0, options: { effort: 1 } },
    warm: { effort: 0, options: { effort: 1 } },
    warmFrom: 0,
    most: 0,
  }),
} as const satisfies Record<EncodedFormat, unknown>;

function settings<Options>(of: Settings<Options>): Settings<Options> {
  return of;
}

/** @param asked 0 to 9 instead of the lane's own effort. */
export function effortFor(format: EncodedFormat, lane: Lane, megapixels: number, asked?: number): number {
  const { most, [lane]: row } = table[format];
  if (asked !== undefined) return Math.min(asked, most);
  const isLarge = megapixels > (row.megapixels ?? Number.POSITIVE_INFINITY);
  return isLarge ? (row.largeEffort ?? row.effort) : row.effort;
}

/**
 * Whether an encoder is faster with more threads. AVIF at effort 1 and 800 px: 0.51 × the time with two, for the same CPU and 0.8 %
 * more bytes. JPEG and WebP of 12 megapixels, decoded and resized with two: 0.9 to 1.0 × the time, for 1.1 × the CPU. A long
 * strip has one thread: each more needs several times the memory of other pictures with as many pixels.
 */
export function gainsByThreads(
  format: EncodedFormat,
  { width, height }: { readonly width: number; readonly height: number },
): boolean {
  return format === "avif" && Math.max(width, height) <= 4096;
}

/** The lane whose settings an effort has. */
export function laneOf(format: EncodedFormat, effort: number): Lane {
  return effort >= table[format].warmFrom ? "warm" : "live";
}

/** The encoder's options at an effort, without those that have a place of their own (quality, effort). */
export function optionsFor<Format extends EncodedFormat>(
  format: Format,
  effort: number,
): (typeof table)[Format]["live"]["options"] {
  return table[format][laneOf(format, effort)].options;
}

/** Whether WebP averages halved colours better: in graphics the difference is visible at every quality. */
export function hasSharpChroma({ mayBeGraphic, effort }: Pick<Plan, "mayBeGraphic" | "effort">): boolean {
  return mayBeGraphic || optionsFor("webp", effort).smartSubsample === true;
}

/** From this `q` on a PNG keeps every colour; below it has a palette with fewer. */
export function hasPalette(q: number): boolean {
  return q < 80;
}

/**
 * Whether an entry is as good as requested for a publish.
 * @param asked effort 0 to 9; undefined: that of the warm lane.
 */
export function isMadeWith({ contentType, effort }: Made, asked?: number): boolean {
  const format = formatByType.get(contentType);
  if (!isEncoded(format)) return true;
  const { most, warmFrom } = table[format];
  return effort >= Math.min(asked ?? warmFrom, most);
}

/** The maximum effort of a media type's encoder: no entry can have more. */
export function mostEffort(contentType: string): number {
  const format = formatByType.get(contentType);
  return isEncoded(format) ? table[format].most : 0;
}

interface Made {
  readonly contentType: string;
  readonly effort: number;
}

function isEncoded(format: FormatName | undefined): format is EncodedFormat {
  return format !== undefined && format in table;
}
