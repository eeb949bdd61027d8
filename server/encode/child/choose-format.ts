import {
  acceptedBy,
  type EncodedFormat,
  formats,
  isReaderClass,
  type VariantClass,
} from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";

/** Facts that decide the format, in addition to the class of readers. */
export interface Picture {
  /** Size of the output in pixels, after resizing. */
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
  readonly animated: boolean;
}

export interface Choice {
  readonly format: EncodedFormat;
  /** A substitute: a better format would have taken too long. */
  readonly substitute: boolean;
}

/** A live AVIF with more pixels would miss the deadline. */
export const LIVE_AVIF_PIXELS = 4_000_000;

/** Limits of an output. */
export interface OutputLimits {
  /** Larger AVIFs are never made: they would take minutes and 40 bytes a pixel. */
  readonly avifPixels: number;
}

export const defaultOutputLimits: OutputLimits = { avifPixels: 16_000_000 };

/** Returns a reason to leave out a format, as a message for the reader. */
export type Objection = (format: EncodedFormat) => string | undefined;

/**
 * The best format for a class of readers.
 * @returns why there is none, if the explicit format, or every format of the class, cannot hold the image.
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
  // An image for a waiting reader must meet the deadline; an explicit format is never substituted.
  const isSlow = (format: EncodedFormat) =>
    isReaderClass(asked) && format === "avif" && lane === "live" && isLarge(picture);
  const format = possible.find((format) => !isSlow(format));
  if (format !== undefined) return { format, substitute: format !== possible[0] };
  return { refusal: problemOf(wanted.at(-1) ?? "png") ?? `No format is possible for ${asked}.` };
}

/** @returns the reason to leave out AVIFs that are too large. */
export function avifProblem({ width, height }: Picture, { avifPixels }: OutputLimits): Objection {
  const [has, may] = [width * height, avifPixels].map((pixels) => Math.ceil(pixels / 1e6));
  return (format) =>
    format === "avif" && width * height > avifPixels
      ? `It would have ${has} megapixels; the limit for AVIF is ${may} (MAX_AVIF_PIXELS). Request a smaller width.`
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
      ? `An image of ${width}×${height} pixels is too large for ${format}; request a smaller width.`
      : undefined;
}

function isLarge({ width, height }: Picture): boolean {
  return width * height > LIVE_AVIF_PIXELS;
}
