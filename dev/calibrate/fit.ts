import type { Lossy } from "../../server/encode/child/quality.ts";
import type { Lane } from "../../server/encode/encoder.ts";
import { type Curve, measured, widths } from "./curves.ts";

/** How far a format and lane are off at one width: by {@link measured}. */
export interface Off {
  readonly photos: number;
  /** Points of score more than the JPEG of the warm lane at this `q`, mean of the photographs. */
  readonly points: readonly number[];
  /** The encoder's quality that would have the same look. */
  readonly wanted: readonly number[];
}

/**
 * At 400 px the mean of all photographs; at other widths this mean, and the mean of how much each photograph that is wide
 * enough differs from itself at 400 px: single photographs differ by 10 points from each other, and by 2 from themselves.
 */
export function offAt(curves: readonly Curve[], format: Lossy, lane: Lane, width: number): Off {
  const [narrowest] = widths;
  const all = differences(curves, format, lane, narrowest);
  const here = differences(curves, format, lane, width);
  const both = [...here].filter(([photo]) => all.has(photo));
  const points = measured.map((_, at) => {
    const base = mean([...all.values()].map((one) => one[at]?.points ?? Number.NaN));
    const beyond = both.map(
      ([photo, one]) => (one[at]?.points ?? Number.NaN) - (all.get(photo)?.[at]?.points ?? Number.NaN),
    );
    return base + mean(beyond);
  });
  const wanted = points.map((off, at) => {
    const quality = mean([...here.values()].map((one) => one[at]?.quality ?? Number.NaN));
    const slope = mean([...here.values()].map((one) => one[at]?.slope ?? Number.NaN));
    return quality - off / slope;
  });
  return { photos: here.size, points, wanted };
}

interface Difference {
  readonly points: number;
  readonly quality: number;
  /** Points of score for one step of the encoder's quality. */
  readonly slope: number;
}

/** By photograph. */
function differences(
  curves: readonly Curve[],
  format: Lossy,
  lane: Lane,
  width: number,
): Map<string, readonly Difference[]> {
  const of = (other: Lossy, its: Lane) =>
    curves.filter((curve) => curve.format === other && curve.lane === its && curve.width === width);
  const jpegs = new Map(of("jpg", "warm").map((curve) => [curve.photo, curve.points]));
  return new Map(
    of(format, lane).flatMap(({ photo, points }) => {
      const jpeg = jpegs.get(photo);
      if (jpeg === undefined) return [];
      const each = points.map(([quality, score], at): Difference => {
        const [before, after] = [points[Math.max(0, at - 1)], points[Math.min(points.length - 1, at + 1)]];
        const slope =
          ((after?.[1] ?? Number.NaN) - (before?.[1] ?? Number.NaN)) /
          ((after?.[0] ?? Number.NaN) - (before?.[0] ?? Number.NaN));
        return { points: score - (jpeg[at]?.[1] ?? Number.NaN), quality, slope };
      });
      return [[photo, each] as const];
    }),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
