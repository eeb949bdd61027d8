import { type EncodedFormat, formatByType } from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";

/**
 * The effort setting of an encoder: AVIF and WebP have one, the others count as 0.
 *
 * AVIF's cost rises steeply with effort (at 1200 px: 0 = 0.2 s, 2 = 0.5 s, 4 = 2.7 s of CPU for a tenth fewer bytes), so live
 * work uses 2, and warm work uses more only if requested.
 * @param asked 0 to 9 instead of the lane's default.
 */
export function effortFor(format: EncodedFormat, lane: Lane, megapixels: number, asked?: number): number {
  if (format === "avif") {
    if (asked !== undefined) return asked;
    return megapixels > (lane === "live" ? 2 : 8) ? 0 : 2;
  }
  if (format === "webp") return asked === undefined ? WEBP_EFFORT[lane] : Math.min(WEBP_MOST, asked);
  return 0;
}

/** The maximum effort of a media type's encoder: no entry can have more. */
export function mostEffort(contentType: string): number {
  const format = formatByType.get(contentType);
  if (format === "avif") return 9;
  return format === "webp" ? WEBP_MOST : 0;
}

const WEBP_MOST = 6;

const WEBP_EFFORT = { live: 4, warm: 5 } as const;
