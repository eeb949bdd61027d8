import { type Lossy, qualityFor, sizes } from "../../server/encode/child/quality.ts";
import type { Lane } from "../../server/encode/encoder.ts";
import { type Curve, efforts, widths } from "./curves.ts";

/** The rows of the table. */
export const rows = [20, 30, 40, 50, 60, 70, 80, 90] as const;

/** How far a format and lane are off at one width: by {@link rows}. */
export interface Off {
  readonly photos: number;
  /** Points of score more than the JPEG of the warm lane at this `q`, mean of the photographs. */
  readonly points: readonly number[];
  /** The encoder's quality that would have the same look. */
  readonly wanted: readonly number[];
}

/**
 * The table as it is, by curves that may have been measured around other rows. At 400 px the mean of all photographs; at other widths
 * this mean, and the mean of how much each photograph that is wide enough differs from itself at 400 px: single photographs
 * differ by 10 points from each other, and by 2 from themselves.
 */
export function offAt(
  curves: readonly Curve[],
  format: Lossy,
  lane: Lane,
  width: (typeof widths)[number],
): Off {
  const [narrowest] = widths;
  const all = pairsOf(curves, format, lane, narrowest);
  const here = pairsOf(curves, format, lane, width);
  const both = [...here.keys()].filter((photo) => all.has(photo));
  const those = (of: Pairs): Pairs => new Map([...of].filter(([photo]) => both.includes(photo)));
  const beside = (by: (pairs: Pairs, width: (typeof widths)[number], q: number) => number): number[] =>
    rows.map((q) => by(all, narrowest, q) + by(those(here), width, q) - by(those(all), narrowest, q));
  return {
    photos: here.size,
    points: beside((pairs, at, q) => difference(pairs, q, tableQuality(format, lane, at, q))),
    wanted: beside((pairs, _, q) => qualityOf(pairs, q)),
  };
}

type Points = Curve["points"];

/** By photograph: what the format looks like, and the JPEG beside it. */
type Pairs = ReadonlyMap<string, { readonly points: Points; readonly jpeg: Points }>;

function pairsOf(curves: readonly Curve[], format: Lossy, lane: Lane, width: number): Pairs {
  const of = (other: Lossy, its: Lane) =>
    curves.filter((curve) => curve.format === other && curve.lane === its && curve.width === width);
  const jpegs = new Map(of("jpg", "warm").map((curve) => [curve.photo, curve.points]));
  return new Map(
    of(format, lane).flatMap(({ photo, points }) => {
      const jpeg = jpegs.get(photo);
      return jpeg === undefined ? [] : [[photo, { points, jpeg }] as const];
    }),
  );
}

function tableQuality(format: Lossy, lane: Lane, width: (typeof widths)[number], q: number): number {
  const pixels = sizes[widths.indexOf(width)] ?? Number.NaN;
  return qualityFor(format, q, efforts[format][lane], pixels);
}

/** Points of score more than the JPEG's, mean of the photographs. */
function difference(pairs: Pairs, q: number, quality: number): number {
  const each = [...pairs.values()].map(({ points, jpeg }) => scoreAt(points, quality) - scoreAt(jpeg, q));
  return each.reduce((sum, one) => sum + one, 0) / each.length;
}

/** The quality at which the difference is nought. */
function qualityOf(pairs: Pairs, q: number): number {
  let [low, high] = [1, 100];
  while (high - low > 0.1) {
    const middle = (low + high) / 2;
    if (difference(pairs, q, middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** On the straight lines through the points, and beyond their ends. */
function scoreAt(points: Points, quality: number): number {
  const found = points.findIndex(([at]) => at >= quality);
  const next = Math.max(1, found === -1 ? points.length - 1 : found);
  const [[x0, y0], [x1, y1]] = [points[next - 1] ?? nowhere, points[next] ?? nowhere];
  return y0 + ((y1 - y0) * (quality - x0)) / (x1 - x0);
}

const nowhere = [Number.NaN, Number.NaN] as const;
