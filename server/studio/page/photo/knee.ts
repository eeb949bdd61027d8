/** A quality with what it costs and how it looks. */
export interface Point {
  readonly q: number;
  readonly bytes: number;
  readonly score: number;
}

/** Enough to see the curve's shape; each costs an encode and a comparison. */
export const sampledQualities: readonly number[] = [20, 30, 40, 50, 60, 70, 80, 90];

/**
 * Where a curve of score against bytes bends most: the point farthest above the line between its ends, both axes scaled to the
 * same length (Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011).
 * @param points in order of bytes. @returns undefined if the curve does not bend.
 */
export function kneeOf(points: readonly Point[]): Point | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.bytes <= first.bytes || last.score <= first.score)
    return undefined;
  const rise = ({ bytes, score }: Point): number =>
    (score - first.score) / (last.score - first.score) - (bytes - first.bytes) / (last.bytes - first.bytes);
  const [knee] = points.toSorted((a, b) => rise(b) - rise(a));
  return knee !== undefined && rise(knee) > 0 ? knee : undefined;
}
