import type { Tier } from "../../../contract/page/tiers.ts";
import { loadedWidth, type Reader, seenWidth } from "./readers.ts";

/** How a width looks and what it weighs at each quality, mean of the photographs. */
export interface Measures {
  look(width: number, seen: number, quality: number): number;
  bytes(width: number, quality: number): number;
}

/** What the readers of a ladder get. */
export interface Outcome {
  readonly tiers: readonly Tier[];
  /** Mean of the readers. */
  readonly look: number;
  /** The reader with the lowest. */
  readonly lowest: number;
  /** Mean of the readers. */
  readonly bytes: number;
}

export function outcomeOf(tiers: readonly Tier[], readers: readonly Reader[], measures: Measures): Outcome {
  const widths = tiers.map(({ width }) => width);
  const each = readers.map((reader) => {
    const width = loadedWidth(reader, widths);
    const quality = tiers.find((tier) => tier.width === width)?.quality ?? 0;
    return {
      share: reader.share,
      look: measures.look(width, seenWidth(reader), quality),
      bytes: measures.bytes(width, quality),
    };
  });
  const total = each.reduce((sum, { share }) => sum + share, 0);
  const meanOf = (what: "look" | "bytes"): number =>
    each.reduce((sum, one) => sum + one.share * one[what], 0) / total;
  return {
    tiers,
    look: meanOf("look"),
    lowest: Math.min(...each.map(({ look }) => look)),
    bytes: meanOf("bytes"),
  };
}

/** Qualities with which the least favoured reader of each width sees the same look, with the mean look of this ladder. */
export function oneLook(tiers: readonly Tier[], readers: readonly Reader[], measures: Measures): Outcome {
  return atLook(tiers, readers, measures, (width, its, target) => {
    const isEnough = (quality: number): boolean =>
      its.every((reader) => measures.look(width, seenWidth(reader), quality) >= target);
    return qualities.find(isEnough) ?? MOST;
  });
}

/** Qualities with the fewest bytes of all that have the mean look of this ladder and give no reader less than its lowest. */
export function fewestBytes(tiers: readonly Tier[], readers: readonly Reader[], measures: Measures): Outcome {
  const { lowest } = outcomeOf(tiers, readers, measures);
  return atLook(tiers, readers, measures, (width, its, price) => {
    const isEnough = (quality: number): boolean =>
      its.every((reader) => measures.look(width, seenWidth(reader), quality) >= lowest);
    const worth = (quality: number): number =>
      its.reduce(
        (sum, reader) =>
          sum +
          reader.share *
            (measures.look(width, seenWidth(reader), quality) * Math.exp(price / 10) -
              measures.bytes(width, quality) / 1000),
        0,
      );
    return qualities
      .filter(isEnough)
      .reduce((best, quality) => (worth(quality) > worth(best) ? quality : best), MOST);
  });
}

// --- search ---

const [LEAST, MOST] = [25, 90];
const qualities = Array.from({ length: MOST - LEAST + 1 }, (_, at) => LEAST + at);

/** Raises a number, by which `choose` selects a quality for each width, until the mean look is that of the given ladder. */
function atLook(
  tiers: readonly Tier[],
  readers: readonly Reader[],
  measures: Measures,
  choose: (width: number, its: readonly Reader[], target: number) => number,
): Outcome {
  const now = outcomeOf(tiers, readers, measures);
  const widths = tiers.map(({ width }) => width);
  const at = (target: number): Outcome =>
    outcomeOf(
      tiers.map(({ width, quality }) => {
        const its = readers.filter((reader) => loadedWidth(reader, widths) === width);
        return { width, quality: its.length === 0 ? quality : choose(width, its, target) };
      }),
      readers,
      measures,
    );
  let [low, high] = [-100, 100];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (at(middle).look >= now.look) high = middle;
    else low = middle;
  }
  return at(high);
}
