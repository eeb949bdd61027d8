import type { Lane } from "./encoder.ts";

/** What an encoder can be asked to spend: AVIF and WebP know effort, the others count as 0. */
export type EncodedFormat = "avif" | "webp" | "jpg" | "png" | "gif";

/**
 * AVIF's effort is a cliff (at 1200 px: 0 = 0.2 s, 2 = 0.5 s, 4 = 2.7 s of CPU for a tenth fewer bytes), so live work
 * stays at 2, and what is made ahead spends more only where that is small change.
 */
export function effortFor(format: EncodedFormat, lane: Lane, megapixels: number): number {
  if (format === "avif") {
    if (lane === "live") return megapixels > 2 ? 0 : 2;
    return megapixels > 8 ? 0 : 2;
  }
  if (format === "webp") return lane === "live" ? 4 : 5;
  return 0;
}
