import type { Tier } from "../../../../contract/page/tiers.ts";
import type { SiteWeight } from "../../../../contract/studio.ts";

/** What a site's measured photographs weigh with two ladders. */
export interface BlogWeight {
  readonly before: number;
  readonly after: number;
  /** Variants that the ladder made; the others have a quality of their own, which stays. */
  readonly moved: number;
}

/**
 * @param usual the site's ladder.
 * @param ratio bytes with the new quality for each byte with the usual one.
 */
export function blogWeight(rungs: SiteWeight["rungs"], usual: readonly Tier[], ratio: number): BlogWeight {
  let [before, after, moved] = [0, 0, 0];
  for (const { width, quality, variants, bytes } of rungs) {
    const isOfLadder = width !== undefined && rungFor(usual, width)?.quality === quality;
    before += bytes;
    after += isOfLadder ? bytes * ratio : bytes;
    if (isOfLadder) moved += variants;
  }
  return { before, after: Math.round(after), moved };
}

/** The rung whose quality a width has: that of the nearest wider one, as in {@link tiersFor}. */
function rungFor(ladder: readonly Tier[], width: number): Tier | undefined {
  const byWidth = ladder.toSorted((a, b) => a.width - b.width);
  return byWidth.find((tier) => tier.width >= width) ?? byWidth.at(-1);
}
