import { type EncodedFormat, formatByType } from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";

/**
 * What an encoder is asked to spend: AVIF and WebP know effort, the others count as 0.
 *
 * AVIF's effort is a cliff (at 1200 px: 0 = 0.2 s, 2 = 0.5 s, 4 = 2.7 s of CPU for a tenth fewer bytes), so live work
 * stays at 2, and what is made ahead spends more only where it is asked to.
 * @param asked 0 to 9 instead of what suits the lane.
 */
export function effortFor(format: EncodedFormat, lane: Lane, megapixels: number, asked?: number): number {
  if (format === "avif") {
    if (asked !== undefined) return asked;
    return megapixels > (lane === "live" ? 2 : 8) ? 0 : 2;
  }
  if (format === "webp") return asked === undefined ? WEBP_EFFORT[lane] : Math.min(WEBP_MOST, asked);
  return 0;
}

/** The most that an encoder of a media type can be asked to spend: more than that nothing can have. */
export function mostEffort(contentType: string): number {
  const format = formatByType.get(contentType);
  if (format === "avif") return 9;
  return format === "webp" ? WEBP_MOST : 0;
}

const WEBP_MOST = 6;

const WEBP_EFFORT = { live: 4, warm: 5 } as const;
