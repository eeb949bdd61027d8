/** One picture: its score, its bytes, and the quality that it was made with, on its program's own scale. */
export interface Point {
  readonly quality: number;
  readonly score: number;
  readonly bytes: number;
}

/**
 * Bytes and quality with which a program's pictures of one photograph have a score: a straight line of score and of log bytes between the
 * two neighbouring points, continued beyond the ends.
 * @param points at least two, of different scores.
 */
export function atScore(points: readonly Point[], score: number): Point {
  const sorted = points.toSorted((a, b) => a.score - b.score);
  const after = Math.min(
    Math.max(
      1,
      sorted.findIndex((one) => one.score >= score),
    ),
    sorted.length - 1,
  );
  const upper = score > (sorted.at(-1)?.score ?? 0) ? sorted.length - 1 : after;
  const [low, high] = [sorted[upper - 1], sorted[upper]];
  if (low === undefined || high === undefined) throw new Error("a curve needs two points");
  const share = high.score === low.score ? 0 : (score - low.score) / (high.score - low.score);
  const between = (a: number, b: number): number => a + share * (b - a);
  return {
    score,
    quality: between(low.quality, high.quality),
    bytes: Math.exp(between(Math.log(low.bytes), Math.log(high.bytes))),
  };
}

/** Bytes of one curve ÷ those of another, mean of the scores that both reach; undefined if there are none. */
export function bytesRatio(ours: readonly Point[], theirs: readonly Point[]): number | undefined {
  const inBoth = theirs.filter(
    ({ score }) =>
      score >= Math.min(...ours.map((one) => one.score)) &&
      score <= Math.max(...ours.map((one) => one.score)),
  );
  if (inBoth.length === 0 || ours.length < 2) return undefined;
  return geometricMean(inBoth.map(({ score, bytes }) => atScore(ours, score).bytes / bytes));
}

/** NaN of no numbers. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

/** NaN of no numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** Of the mean of a sample. NaN of fewer than two numbers. */
export function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, one) => sum + (one - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
