/** Limits of an original, checked before its pixels are decoded. */
export interface SourceLimits {
  /** The longer side of a frame: decoders and resizers keep whole rows in memory, many at a time. */
  readonly side: number;
  /** Pixels of one frame. */
  readonly pixels: number;
  /** For an animation that is encoded; one above these two is passed on unchanged. */
  readonly frames: number;
  /** Pixels of all frames together. */
  readonly animationPixels: number;
  /** Bytes of an animation that is passed on. */
  readonly passThroughBytes: number;
}

/** Defaults; config/settings.ts prints them. */
export const defaultLimits: SourceLimits = {
  side: 65_535,
  pixels: 120_000_000,
  frames: 256,
  animationPixels: 50_000_000,
  passThroughBytes: 8 * 2 ** 20,
};

/** Maximum bytes of an original that variants are made from: all of it must be in memory. */
export const defaultSourceBytes = 64 * 2 ** 20;

/** Why an original of this size is refused, as a message for the reader; undefined if it is not. */
export function limitProblem(
  { width, height }: { readonly width: number; readonly height: number },
  limits: SourceLimits,
): string | undefined {
  const pixels = width * height;
  if (Math.max(width, height) > limits.side)
    return `The original has ${width} × ${height} pixels; the limit for a side is ${limits.side} (MAX_SIDE).`;
  if (pixels > limits.pixels)
    return `The original has ${million(pixels)}; the limit is ${million(limits.pixels)} (MAX_PIXELS).`;
  return undefined;
}

/** The facts about an original that concern animation. */
export interface Moving {
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/**
 * Why an animation is passed on unchanged and not encoded, as a message for the reader; undefined if it is encoded, or is not an
 * animation.
 */
export function passedOnReason(
  { type, width, height, frames }: Moving,
  limits: SourceLimits,
): string | undefined {
  if (frames < 2) return undefined;
  const name = passedOnTypes.get(type);
  if (name !== undefined) return `The original is an animated ${name}, which this server does not encode.`;
  const pixels = width * height * frames;
  if (frames > limits.frames)
    return `The original has ${frames} frames; the limit is ${limits.frames} (MAX_FRAMES).`;
  if (pixels > limits.animationPixels)
    return `The frames of the original have ${million(pixels)}; the limit is ${million(limits.animationPixels)} (MAX_ANIMATION_PIXELS).`;
  return undefined;
}

/** Formats whose animations libvips decodes as a still, or not at all. */
const passedOnTypes: ReadonlyMap<string, string> = new Map([
  ["image/png", "PNG"],
  ["image/avif", "AVIF"],
]);

/** Rounded up, so that a value above the limit is also printed above it. */
function million(count: number): string {
  return `${count < 10e6 ? Math.ceil(count / 1e4) / 100 : Math.ceil(count / 1e6)} megapixels`;
}
