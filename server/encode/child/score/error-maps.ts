import type { MapWeights } from "./weights.ts";

/** An error map; only its sums are kept, not its pixels. */
export class ErrorSum {
  first = 0;
  fourth = 0;

  /** Its mean and its 4-norm, with their weights. */
  weighed({ mean, worst }: MapWeights, pixels: number): number {
    return (mean * this.first) / pixels + worst * (this.fourth / pixels) ** 0.25;
  }
}

/** The constant of SSIM that keeps noise out of the division. */
const C2 = 0.0009;

/**
 * SSIM of a row, as 0 (the same) to about 1, without the term for brightness of its first authors, because XYB is already
 * perceptual.
 * @param x mean of the original around each pixel, `y` of the picture, `squares` of x² + y², `products` of xy.
 */
export function structureErrors(
  x: Float64Array,
  y: Float64Array,
  squares: Float64Array,
  products: Float64Array,
  sum: ErrorSum,
): void {
  let { first, fourth } = sum;
  for (let at = 0; at < x.length; at++) {
    const meanX = x[at] ?? 0;
    const meanY = y[at] ?? 0;
    const apart = meanX - meanY;
    const covariance = (products[at] ?? 0) - meanX * meanY;
    // In this order it is exactly twice the covariance if the two are the same.
    const variances = (squares[at] ?? 0) - (meanX * meanX + meanY * meanY);
    const error = 1 - ((1 - apart * apart) * (2 * covariance + C2)) / (variances + C2);
    if (error <= 0) continue;
    first += error;
    fourth += error * error * error * error;
  }
  sum.first = first;
  sum.fourth = fourth;
}

/**
 * How far the pixels of a row stand out from their surroundings: more than in the original is ringing, less is blur.
 * @param start where the row is in `original` and `picture`.
 */
export function edgeErrors(
  original: Float64Array,
  originalMeans: Float64Array,
  picture: Float64Array,
  pictureMeans: Float64Array,
  start: number,
  ringing: ErrorSum,
  blur: ErrorSum,
): void {
  let [ringingFirst, ringingFourth, blurFirst, blurFourth] = [0, 0, 0, 0];
  for (let at = 0; at < originalMeans.length; at++) {
    const before = 1 + Math.abs((original[start + at] ?? 0) - (originalMeans[at] ?? 0));
    const after = 1 + Math.abs((picture[start + at] ?? 0) - (pictureMeans[at] ?? 0));
    const error = after / before - 1;
    const square = error * error;
    if (error > 0) {
      ringingFirst += error;
      ringingFourth += square * square;
    } else {
      blurFirst -= error;
      blurFourth += square * square;
    }
  }
  ringing.first += ringingFirst;
  ringing.fourth += ringingFourth;
  blur.first += blurFirst;
  blur.fourth += blurFourth;
}
