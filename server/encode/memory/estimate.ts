import type { EncodedFormat } from "../../../contract/formats.ts";
import { Problem } from "../../errors.ts";
import { hasPalette, hasSharpChroma } from "../child/encoder-settings.ts";
import { isCropped } from "../child/frame.ts";
import type { Plan } from "../child/plan.ts";
import type { Layout } from "./layout.ts";

/** The facts about an output that matter for memory; its pixels are those of one frame. */
export type Making = Pick<
  Plan,
  "width" | "height" | "frame" | "quality" | "effort" | "mayBeGraphic" | "lossless" | "animated" | "holds"
> & {
  readonly format: EncodedFormat;
};

/**
 * Memory of decoders and encoders, in bytes. These are upper bounds of the measurements of `npm run bench -- encoder-memory` on
 * 2026-11-30 (Linux 6.18, x86-64, 2 cores; sharp 0.35.5 with libvips 8.18.7): the growth of an encoder child's resident memory or
 * of its private writable memory (RLIMIT_DATA), whichever is larger, plus a few per cent. That command prints the measured peaks
 * beside these estimates; run it after an update of sharp.
 */
const decoding = {
  /** Coefficients of 16 bits, if the rows are not in order. */
  jpeg: { heldSample: 2.2 },
  /** A resize keeps some of the rows; all of them if the image is low: then a multiple of its bytes. */
  png: { heldByte: 1.1, rows: 1_900, times: 3.2 },
  /** JPEG is decoded at a scale near the output's width. */
  webp: { pixel: 1, pixelWithAlpha: 4, losslessPixel: 4.5, scaledPixel: 17, framePixel: 6 },
  avif: { pixel: 20, pixelOfMoreBits: 27 },
  /** One canvas, for any number of frames. */
  gif: { pixel: 30 },
  /** The table of an HDR picture, while it is made. */
  toneMapping: { bytes: 32 * 2 ** 20 },
  /** Pixels as they are stored, divided by alpha, and as PNG (straight-alpha.ts). */
  straightened: { byte: 3 },
  /** For an EXIF rotation, the output is kept once more. */
  turned: { byte: 1.1 },
} as const;

const encoding = {
  /** A further thread has its own stack, heap and rows: 17 to 26 MiB at 0.15 to 3.2 megapixels. */
  avif: {
    pixel: 44,
    pixelAtHighEffort: 56,
    highEffort: 3,
    /** At any effort: the alpha channel is a second picture. */
    pixelWithAlpha: 60,
    thread: 18 * 2 ** 20,
    threadPixel: 3,
  },
  /** Better averaged colour (encoders.ts) uses floating point. */
  webp: { pixel: 7, pixelOfSharpChroma: 17, losslessPixel: 30 },
  jpg: { pixel: 7.5 },
  png: { pixel: 5, palettePixel: 9 },
  gif: { pixel: 12 },
  /** Pixels that are kept between decoding and encoding, and their colours while these are counted (resize.ts). */
  heldPixel: 5.5,
} as const;

/** The pixels of one of two pictures while they are compared, and its halves. */
const scoring = { pixel: 16 } as const;

/** The base cost of any job: profiles and other metadata (bounded by lean.ts), buffers, and growth of the heap. */
const EVERY_JOB = 16 * 2 ** 20;

/** Bytes that an encoder child needs for one output, in addition to those at rest, including the original. */
export function bytesToMake(layout: Layout, originalBytes: number, making: Making): number {
  // An original that is passed on unchanged.
  if (making.format === "gif" && layout.type === "image/gif" && !isCropped(making.frame))
    return EVERY_JOB + originalBytes;
  // A crop is cut from the whole after scaling.
  const { whole } = making.frame;
  const decode = bytesToDecode(layout, whole.width * whole.height, making.animated);
  const encode = bytesToEncode(making, hasAlpha(layout));
  const pixels = making.holds ? bytesToHold(making) : 0;
  return Math.ceil(EVERY_JOB + bytesOfFile(layout, originalBytes) + decode + pixels + encode);
}

/** A file is copied if it gets a colour profile and has no space for it. */
function bytesOfFile({ retagged }: Layout, originalBytes: number): number {
  if (retagged === "no") return originalBytes;
  return 2 * originalBytes + (retagged === "table" ? decoding.toneMapping.bytes : 0);
}

/** Bytes to pass an animation on without its metadata: nothing is decoded, and there is one copy. */
export function bytesToPassOn(originalBytes: number): number {
  return EVERY_JOB + 3 * originalBytes;
}

/** Bytes of a tier's pixels while outputs are made from them. */
export function bytesToHold({ width, height }: Pick<Making, "width" | "height">): number {
  return encoding.heldPixel * width * height;
}

/** Bytes of each thread of an AVIF's encoder beyond the first. */
export function bytesOfThread({ width, height }: Pick<Making, "width" | "height">): number {
  const { thread, threadPixel } = encoding.avif;
  return Math.ceil(thread + threadPixel * width * height);
}

/** Bytes to decode two pictures in full and compare them. */
export function bytesToScore(layouts: readonly [Layout, Layout], fileBytes: number): number {
  const pixels = layouts.map(({ width, height }) => width * height);
  const decode = layouts.map((layout) => bytesToDecode(layout, layout.width * layout.height, false));
  const compare = pixels.reduce((sum, one) => sum + scoring.pixel * one, 0);
  const files = Math.max(...layouts.map((layout) => bytesOfFile(layout, fileBytes)));
  return Math.ceil(EVERY_JOB + files + Math.max(...decode) + compare);
}

/** Why a job of this many bytes is refused, as a message for the reader; undefined if it is not. */
export function memoryProblem(bytes: number, most: number): string | undefined {
  if (bytes <= most) return undefined;
  return `It would need ${inMebibytes(bytes)} of memory; the limit for an image is ${inMebibytes(most)} (ENCODER_MEMORY). Request a smaller width.`;
}

/** When a job needed more memory than estimated from its header: either the file makes a decoder need more, or the estimate is wrong. */
export function outOfMemory(memory: number, cause: unknown): Problem {
  return new Problem("impossible-variant", {
    detail: `It needs more than the ${inMebibytes(memory)} of memory that are estimated for such an image (ENCODER_MEMORY). Export the photograph again, or request a smaller width.`,
    cause,
  });
}

export function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

// --- decoding ---

function bytesToDecode(layout: Layout, output: number, animated: boolean): number {
  const turn = layout.turned ? decoding.turned.byte * output * layout.channels * layout.depth : 0;
  const { width, height, channels, depth, premultiplied } = layout;
  const straight = premultiplied ? decoding.straightened.byte * width * height * channels * depth : 0;
  return turn + straight + decoders(layout, output, animated);
}

function decoders(layout: Layout, output: number, animated: boolean): number {
  const { type, width, height, samples, channels, depth, whole, frames } = layout;
  const pixels = width * height;
  const bytes = pixels * channels * depth;
  switch (type) {
    case "image/jpeg":
      return whole ? decoding.jpeg.heldSample * samples * pixels : 0;
    case "image/png": {
      const { heldByte, rows, times } = decoding.png;
      return (whole ? heldByte * bytes : 0) + Math.min((rows / height) * bytes, times * bytes);
    }
    case "image/webp": {
      const { pixel, pixelWithAlpha, losslessPixel, scaledPixel, framePixel } = decoding.webp;
      if (animated) return framePixel * pixels * frames + scaledPixel * output;
      const stored = whole ? losslessPixel : channels > 3 ? pixelWithAlpha : pixel;
      return stored * pixels + scaledPixel * Math.min(output, pixels);
    }
    case "image/gif":
      return decoding.gif.pixel * pixels;
    default:
      return (depth > 1 ? decoding.avif.pixelOfMoreBits : decoding.avif.pixel) * pixels;
  }
}

// --- encoding ---

function bytesToEncode(making: Making, alpha: boolean): number {
  return bytesOfPixel(making, alpha) * making.width * making.height;
}

/** Four channels of a JPEG are CMYK. */
function hasAlpha({ type, channels }: Layout): boolean {
  return type !== "image/jpeg" && channels % 2 === 0;
}

function bytesOfPixel(making: Making, alpha: boolean): number {
  const { format, quality, effort, lossless } = making;
  const { avif, webp, jpg, png, gif } = encoding;
  switch (format) {
    case "avif":
      if (alpha) return avif.pixelWithAlpha;
      return effort < avif.highEffort ? avif.pixel : avif.pixelAtHighEffort;
    case "webp":
      if (lossless) return webp.losslessPixel;
      return hasSharpChroma(making) ? webp.pixelOfSharpChroma : webp.pixel;
    case "jpg":
      return jpg.pixel;
    case "png":
      return lossless || !hasPalette(quality) ? png.pixel : png.palettePixel;
    case "gif":
      return gif.pixel;
  }
}
