/** What an original may be before its pixels are touched. */
export interface SourceLimits {
  /** The longer side of a frame: decoders and resizers hold whole rows, many at once. */
  readonly side: number;
  /** Pixels of one frame. */
  readonly pixels: number;
  readonly frames: number;
  /** Pixels of all frames together. */
  readonly animationPixels: number;
}

export const defaultLimits: SourceLimits = {
  side: 65_535,
  pixels: 120_000_000,
  frames: 256,
  animationPixels: 50_000_000,
};

/** Why an original of this size is refused, in words for the reader; undefined when it is not. */
export function limitProblem(
  source: { readonly width: number; readonly height: number; readonly frames: number },
  limits: SourceLimits,
): string | undefined {
  const { width, height, frames } = source;
  const pixels = width * height;
  if (Math.max(width, height) > limits.side)
    return `The original has ${width} × ${height} pixels; a side may have ${limits.side} (MAX_SIDE).`;
  if (pixels > limits.pixels)
    return `The original has ${million(pixels)}; the limit is ${million(limits.pixels)} (MAX_PIXELS).`;
  if (frames > limits.frames) return `The original has ${frames} frames; the limit is ${limits.frames}.`;
  if (frames > 1 && pixels * frames > limits.animationPixels)
    return `The frames of the original have ${million(pixels * frames)}; the limit is ${million(limits.animationPixels)}.`;
  return undefined;
}

function million(count: number): string {
  return `${Math.ceil(count / 1e6)} megapixels`;
}
