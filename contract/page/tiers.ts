import ladders from "../tiers.json" with { type: "json" };
import { MAX_WIDTH } from "../url/request.ts";

/** One rung of a site's ladder: a width in pixels and a quality on JPEG's scale. */
export interface Tier {
  readonly width: number;
  readonly quality: number;
}

/** One rung at least. */
export type Ladder = readonly [Tier, ...Tier[]];

/** The ladders a site may name; `balanced` is the default. Hugo reads the same file. */
export const namedLadders: Readonly<Record<string, readonly Tier[]>> = ladders;

/** What one image's destination asks of the ladder, and what the manifest knows of the photograph. */
export interface TierLimits {
  /** Quality for every tier, from `?q=` on the destination. */
  readonly quality?: number;
  /** The widest tier, from `?w=` on the destination. */
  readonly widest?: number;
  /** The photograph's displayed width in pixels, from the manifest. */
  readonly natural?: number;
}

/**
 * The tiers of one image, narrowest first, no width twice. Tiers wider than the photograph give way to one at exactly
 * its width; `widest` cuts the ladder likewise, or adds a rung above it.
 */
export function tiersFor(ladder: Ladder, limits: TierLimits): Ladder {
  const widest = ladder.reduce((top, rung) => (rung.width > top.width ? rung : top));
  const cap = Math.min(limits.widest ?? widest.width, limits.natural ?? Number.POSITIVE_INFINITY);
  const above = ladder
    .filter((rung) => rung.width >= cap)
    .reduce((nearest, rung) => (rung.width < nearest.width ? rung : nearest), widest);
  const rungs = new Map(
    [...ladder, { width: cap, quality: above.quality }].map((rung) => [rung.width, rung]),
  );
  const [first = above, ...rest] = [...rungs.values()]
    .filter((rung) => rung.width <= cap)
    .sort((a, b) => a.width - b.width)
    .map((rung) => ({ width: rung.width, quality: limits.quality ?? rung.quality }));
  return [first, ...rest];
}

/** Of an image that is always shown at one width: what a screen of each density needs. */
const densities = [1, 2];

/** The tiers of an image shown `fixed` pixels wide, whatever the window; the quality is that of the ladder at that width. */
export function fixedTiersFor(ladder: Ladder, fixed: number, limits: TierLimits): Ladder {
  const tiers = densities.map((density) => {
    const widest = Math.min(fixed * density, limits.widest ?? MAX_WIDTH, MAX_WIDTH);
    const rungs = tiersFor(ladder, { ...limits, widest });
    return rungs.at(-1) ?? rungs[0];
  });
  const [first = ladder[0], ...rest] = tiers.filter((tier, at) => tier.width !== tiers[at - 1]?.width);
  return [first, ...rest];
}

/** The tier that `src` names, for readers without srcset: the middle one, the narrower of two. */
export function middleTier(tiers: Ladder): Tier {
  return tiers[Math.floor((tiers.length - 1) / 2)] ?? tiers[0];
}

/**
 * The candidate that a browser loads for a number of device pixels: the narrowest one with enough of them, otherwise the widest, as
 * Firefox and Safari choose; Chromium sometimes takes the next narrower one.
 * @param candidates narrowest first.
 */
export function candidateFor<Candidate extends { readonly width?: number }>(
  candidates: readonly [Candidate, ...Candidate[]],
  pixels: number,
): Candidate {
  const [first] = candidates;
  return candidates.find(({ width = 0 }) => width >= pixels) ?? candidates.at(-1) ?? first;
}
