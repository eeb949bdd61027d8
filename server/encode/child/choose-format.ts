import {
  acceptedBy,
  type EncodedFormat,
  formats,
  isReaderClass,
  type VariantClass,
} from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";

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

/** What an output may be. */
export interface OutputLimits {
  /** Larger AVIFs are never made: they would take minutes and 40 bytes a pixel. */
  readonly avifPixels: number;
}

export const defaultOutputLimits: OutputLimits = { avifPixels: 16_000_000 };

/** A format is left out where this gives a reason, in words for the reader. */
export type Objection = (format: EncodedFormat) => string | undefined;

/**
 * The best format for a class of reader.
 * @returns why there is none, where an explicit format or all of those that the class has cannot hold the picture.
 */
export function chooseFormat(
  asked: VariantClass,
  picture: Picture,
  lane: Lane,
  objections: readonly Objection[],
): Choice | { readonly refusal: string } {
  const problemOf = (format: EncodedFormat) =>
    [sideProblem(picture), ...objections]
      .map((object) => object(format))
      .find((reason) => reason !== undefined);
  const wanted = wantedFormats(asked, picture);
  const possible = wanted.filter((format) => problemOf(format) === undefined);
  // What a reader waits for must meet the deadline; an explicit format is never substituted.
  const isSlow = (format: EncodedFormat) =>
    isReaderClass(asked) && format === "avif" && lane === "live" && isLarge(picture);
  const format = possible.find((format) => !isSlow(format));
  if (format !== undefined) return { format, substitute: format !== possible[0] };
  return { refusal: problemOf(wanted.at(-1) ?? "png") ?? `There is no format for ${asked}.` };
}

/** @returns an objection to AVIFs that are too large. */
export function avifProblem({ width, height }: Picture, { avifPixels }: OutputLimits): Objection {
  const [has, may] = [width * height, avifPixels].map((pixels) => Math.ceil(pixels / 1e6));
  return (format) =>
    format === "avif" && width * height > avifPixels
      ? `It would have ${has} megapixels; an AVIF may have ${may} (MAX_AVIF_PIXELS). Ask for a narrower one.`
      : undefined;
}

// --- what a class can have, best first ---

function wantedFormats(asked: VariantClass, picture: Picture): readonly EncodedFormat[] {
  if (!isReaderClass(asked)) return [asked];
  const accepted = acceptedBy(asked);
  if (picture.animated) return [...accepted.filter((format) => formats[format].animation), "gif"];
  return [...accepted, picture.alpha || sideProblem(picture)("jpg") !== undefined ? "png" : "jpg"];
}

function sideProblem({ width, height }: Picture): Objection {
  return (format) =>
    Math.max(width, height) > formats[format].maxSide
      ? `A picture of ${width}×${height} pixels is too large for ${format}; ask for a narrower one.`
      : undefined;
}

function isLarge({ width, height }: Picture): boolean {
  return width * height > LIVE_AVIF_PIXELS;
}
