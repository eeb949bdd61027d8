import type { Format } from "../formats.ts";
import type { ManifestImage } from "../manifest.ts";
import { MAX_QUALITY } from "../url/request.ts";
import type { Ladder, Tier } from "./tiers.ts";

/** The width in pixels at which `scan --tune` measures a photograph. */
export const TUNED_WIDTH = 400;

/**
 * How many steps of `q` a tuned photograph is away from the ladder, in every tier: so the ladder keeps its shape. The tier that
 * shows 400 px (the narrowest of at least 400 px, or the widest) gets the tuned quality.
 * @param format undefined: one URL for every format, so the highest quality of any; then each of them looks as tuned, or better.
 */
export function tunedShift(ladder: Ladder, { q }: Pick<ManifestImage, "q">, format?: Format): number {
  const { offset = 0, ...byFormat } = q ?? {};
  const qualities = format === undefined ? Object.values(byFormat) : [byFormat[format] ?? 0];
  const tuned = Math.max(0, ...qualities);
  return tuned === 0 ? offset : tuned - tunedTier(ladder).quality;
}

export function shifted(quality: number, shift: number): number {
  return Math.min(MAX_QUALITY, Math.max(1, quality + shift));
}

function tunedTier(ladder: Ladder): Tier {
  const [first, ...rest] = [...ladder].sort((a, b) => a.width - b.width);
  return [...rest].reduce((chosen, tier) => (chosen.width < TUNED_WIDTH ? tier : chosen), first ?? ladder[0]);
}
