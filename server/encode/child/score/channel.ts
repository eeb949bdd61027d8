import { Ring } from "./blur.ts";
import { ErrorSum, edgeErrors, structureErrors } from "./error-maps.ts";
import type { ChannelWeights } from "./weights.ts";

/** One channel of two pictures at one scale: takes their rows in order, and sums up their differences. */
export class Channel {
  /** The rows of the two pictures; the caller writes them here. */
  readonly original: Ring;
  readonly picture: Ring;
  readonly #width: number;
  readonly #height: number;
  readonly #weights: ChannelWeights;
  readonly #sums = { structure: new ErrorSum(), ringing: new ErrorSum(), blur: new ErrorSum() };
  /** A row's x² + y² and xy, x of the original and y of the picture. */
  readonly #squares: Ring;
  readonly #products: Ring;
  /** Blurred along the rows: x, y, x² + y², xy. */
  readonly #along: readonly [Ring, Ring, Ring, Ring];
  /** The same, blurred both ways. */
  readonly #blurred: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  readonly #hasStructure: boolean;

  constructor(width: number, height: number, weights: ChannelWeights) {
    [this.#width, this.#height, this.#weights] = [width, height, weights];
    const ring = () => new Ring(width);
    const row = () => new Float64Array(width);
    [this.original, this.picture] = [ring(), ring()];
    [this.#squares, this.#products] = [ring(), ring()];
    this.#along = [ring(), ring(), ring(), ring()];
    this.#blurred = [row(), row(), row(), row()];
    this.#hasStructure = weights.structure.mean > 0 || weights.structure.worst > 0;
  }

  /** Takes a row of both images; beyond the images there are no rows. */
  take(row: number): void {
    const [x, y, squares, products] = this.#along;
    if (row >= this.#height) {
      for (const ring of this.#along) ring.clear(row);
      return;
    }
    this.original.blurAlong(row, x);
    this.picture.blurAlong(row, y);
    if (!this.#hasStructure) return;
    this.#multiply(row);
    this.#squares.blurAlong(row, squares);
    this.#products.blurAlong(row, products);
  }

  /** Called when the rows around this row are complete. */
  compare(row: number): void {
    const [x, y, squares, products] = this.#along;
    const [meanX, meanY, meanSquares, meanProducts] = this.#blurred;
    x.blurAcross(row, meanX);
    y.blurAcross(row, meanY);
    const { structure, ringing, blur } = this.#sums;
    edgeErrors(
      this.original.numbers,
      meanX,
      this.picture.numbers,
      meanY,
      this.original.at(row),
      ringing,
      blur,
    );
    if (!this.#hasStructure) return;
    squares.blurAcross(row, meanSquares);
    products.blurAcross(row, meanProducts);
    structureErrors(meanX, meanY, meanSquares, meanProducts, structure);
  }

  /** The sum of all maps, each with its weight. */
  error(): number {
    const pixels = this.#width * this.#height;
    const { structure, ringing, blur } = this.#sums;
    return (
      structure.weighed(this.#weights.structure, pixels) +
      ringing.weighed(this.#weights.ringing, pixels) +
      blur.weighed(this.#weights.blur, pixels)
    );
  }

  #multiply(row: number): void {
    const [one, other] = [this.original.numbers, this.picture.numbers];
    const [squares, products] = [this.#squares.numbers, this.#products.numbers];
    const start = this.#squares.at(row);
    for (let at = start; at < start + this.#width; at++) {
      const x = one[at] ?? 0;
      const y = other[at] ?? 0;
      squares[at] = x * x + y * y;
      products[at] = x * y;
    }
  }
}
