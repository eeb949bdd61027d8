/** What an original may be before its pixels are touched. */
export interface SourceLimits {
  /** Pixels of one frame. */
  readonly pixels: number;
  readonly frames: number;
  /** Pixels of all frames together. */
  readonly animationPixels: number;
}

export const defaultLimits: SourceLimits = {
  pixels: 100_000_000,
  frames: 256,
  animationPixels: 50_000_000,
};

/** Why an original of this size is refused, in words for the reader; undefined when it is not. */
export function limitProblem(
  source: { readonly width: number; readonly height: number; readonly frames: number },
  limits: SourceLimits,
): string | undefined {
  const pixels = source.width * source.height;
  const million = (count: number) => `${Math.ceil(count / 1e6)} megapixels`;
  if (pixels > limits.pixels)
    return `The original has ${million(pixels)}; the limit is ${million(limits.pixels)}.`;
  if (source.frames > limits.frames)
    return `The original has ${source.frames} frames; the limit is ${limits.frames}.`;
  if (source.frames > 1 && pixels * source.frames > limits.animationPixels)
    return `The frames of the original have ${million(pixels * source.frames)}; the limit is ${million(limits.animationPixels)}.`;
  return undefined;
}
