/**
 * The Gaussian of SSIMULACRA 2, σ 1.5: the recursive filter of Charalampidis ("Recursive Implementation of the Gaussian
 * Filter Using Truncated Cosine Functions", 2016) with radius 5. Its impulse response is finite, nine numbers of which five
 * differ: three cosines whose sum is 1 and whose variance is σ². As a convolution it costs no more than as a
 * recursion, and errors do not accumulate. Beyond the edges of an image all values are 0.
 */
export const taps = [
  0.2646211054881986, 0.21292859201042227, 0.10933537277746035, 0.03601111465836439, 0.00941436780965374,
] as const;

/** The number of rows and columns on each side that a blurred number depends on. */
export const REACH = taps.length - 1;

const SLOTS = 2 * REACH + 1;
const [T0, T1, T2, T3, T4] = taps;

/** The last rows of a picture that a blurred row depends on, each with room on both sides that stays 0. */
export class Ring {
  readonly numbers: Float64Array;
  readonly #width: number;
  readonly #stride: number;

  constructor(width: number) {
    this.#width = width;
    this.#stride = width + 2 * REACH;
    this.numbers = new Float64Array(SLOTS * this.#stride);
  }

  /** Where a row begins; it overwrites the row {@link SLOTS} before it. */
  at(row: number): number {
    return ((row + SLOTS) % SLOTS) * this.#stride + REACH;
  }

  /** Adds a row that is beyond the picture. */
  clear(row: number): void {
    const start = this.at(row);
    this.numbers.fill(0, start, start + this.#width);
  }

  /** Blurs a row of this ring horizontally. */
  blurAlong(row: number, into: Ring): void {
    const from = this.numbers;
    const to = into.numbers;
    const start = this.at(row) - REACH;
    const target = into.at(row);
    let a = from[start] ?? 0;
    let b = from[start + 1] ?? 0;
    let c = from[start + 2] ?? 0;
    let d = from[start + 3] ?? 0;
    let e = from[start + 4] ?? 0;
    let f = from[start + 5] ?? 0;
    let g = from[start + 6] ?? 0;
    let h = from[start + 7] ?? 0;
    for (let at = 0; at < this.#width; at++) {
      const i = from[start + at + 8] ?? 0;
      to[target + at] = T0 * e + T1 * (d + f) + T2 * (c + g) + T3 * (b + h) + T4 * (a + i);
      [a, b, c, d] = [b, c, d, e];
      [e, f, g, h] = [f, g, h, i];
    }
  }

  /** Blurs vertically, over the rows around one row. */
  blurAcross(row: number, into: Float64Array): void {
    const from = this.numbers;
    const [a, b, c, d] = [this.at(row - 4), this.at(row - 3), this.at(row - 2), this.at(row - 1)];
    const [e, f, g, h, i] = [
      this.at(row),
      this.at(row + 1),
      this.at(row + 2),
      this.at(row + 3),
      this.at(row + 4),
    ];
    for (let at = 0; at < this.#width; at++)
      into[at] =
        T0 * (from[e + at] ?? 0) +
        T1 * ((from[d + at] ?? 0) + (from[f + at] ?? 0)) +
        T2 * ((from[c + at] ?? 0) + (from[g + at] ?? 0)) +
        T3 * ((from[b + at] ?? 0) + (from[h + at] ?? 0)) +
        T4 * ((from[a + at] ?? 0) + (from[i + at] ?? 0));
  }
}
