import type { VariantClass } from "../cache/cache.ts";
import type { EncodedFormat } from "./effort.ts";
import type { Lane } from "./encoder.ts";

/** What decides a format, beside the class of the reader. */
export interface Picture {
  /** Pixels of the output, after resizing. */
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
  readonly animated: boolean;
}

export interface Choice {
  readonly format: EncodedFormat;
  /** The reader could have had better, had there been time. */
  readonly substitute: boolean;
}

/** Live AVIF above this many pixels would not meet the deadline. */
export const LIVE_AVIF_PIXELS = 4_000_000;

/** Longest side that a format can hold: WebP has 14 bits for it, libheif and libjpeg limits of their own. */
const longestSide = { avif: 16_384, webp: 16_383, jpg: 65_500, png: Infinity, gif: 65_535 } as const;

const accepted = {
  auto: [],
  "auto-w": ["webp"],
  "auto-a": ["avif"],
  "auto-aw": ["avif", "webp"],
} as const satisfies Readonly<Record<string, readonly EncodedFormat[]>>;

/** The best format for a class of reader; undefined when an explicit format cannot hold the picture. */
export function chooseFormat(asked: VariantClass, picture: Picture, lane: Lane): Choice | undefined {
  if (!(asked in accepted)) return explicit(asked, picture);
  const wanted = wantedFormats(asked, picture).filter((format) => holds(format, picture));
  const slow = (format: EncodedFormat) => format === "avif" && lane === "live" && isLarge(picture);
  const [best] = wanted;
  const format = wanted.find((format) => !slow(format));
  return format && { format, substitute: format !== best };
}

// --- what a class can have, best first ---

function explicit(asked: VariantClass, picture: Picture): Choice | undefined {
  const format = (["avif", "webp", "jpg", "png"] as const).find((format) => format === asked);
  return format && holds(format, picture) ? { format, substitute: false } : undefined;
}

function wantedFormats(asked: VariantClass, picture: Picture): readonly EncodedFormat[] {
  const formats: readonly EncodedFormat[] =
    Object.entries(accepted).find(([name]) => name === asked)?.[1] ?? [];
  // Of the moving formats sharp writes WebP and GIF.
  if (picture.animated) return [...formats.filter((format) => format === "webp"), "gif"];
  return [...formats, picture.alpha ? "png" : "jpg", "png"];
}

function holds(format: EncodedFormat, { width, height }: Picture): boolean {
  return Math.max(width, height) <= longestSide[format];
}

function isLarge({ width, height }: Picture): boolean {
  return width * height > LIVE_AVIF_PIXELS;
}
