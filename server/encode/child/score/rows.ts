/** Pixels of 8 bits in sRGB, row by row: grey, grey and alpha, RGB, or RGB and alpha. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

/** A picture in linear light that is read row by row. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel of a row, from 0 to 1. */
  read(y: number, into: Float64Array): void;
}

/** @param background behind transparent pixels, from 0 (black) to 1 (white) in sRGB. */
export function pixelRows({ data, width, height, channels }: Pixels, background: number): Rows {
  const isGrey = channels < 3;
  const hasAlpha = channels % 2 === 0;
  const [green, blue, alpha] = isGrey ? [0, 0, 1] : [1, 2, 3];
  return {
    width,
    height,
    read(y, into) {
      let at = y * width * channels;
      for (let to = 0; to < 3 * width; to += 3, at += channels) {
        const share = hasAlpha ? (data[at + alpha] ?? 0) : 255;
        into[to] = blend(data[at] ?? 0, share, background);
        into[to + 1] = blend(data[at + green] ?? 0, share, background);
        into[to + 2] = blend(data[at + blue] ?? 0, share, background);
      }
    },
  };
}

/** A picture of half the width and height, rounded up. It is filled while the rows of the larger one are read. */
export class HalfRows implements Rows {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Float32Array;
  readonly #of: { readonly width: number; readonly height: number };

  constructor(of: { readonly width: number; readonly height: number }) {
    this.#of = of;
    this.width = Math.ceil(of.width / 2);
    this.height = Math.ceil(of.height / 2);
    this.#pixels = new Float32Array(3 * this.width * this.height);
  }

  read(y: number, into: Float64Array): void {
    const start = 3 * this.width * y;
    for (let at = 0; at < 3 * this.width; at++) into[at] = this.#pixels[start + at] ?? 0;
  }

  /** Takes a row of the larger picture. If the number of rows is odd, the last one counts twice; the same applies to columns. */
  add(y: number, row: Float64Array): void {
    const { width, height } = this.#of;
    const share = y === height - 1 && y % 2 === 0 ? 0.5 : 0.25;
    const pixels = this.#pixels;
    let to = 3 * this.width * (y >> 1);
    for (let at = 0; at < 3 * width; at += 6, to += 3) {
      const beside = at + 3 < 3 * width ? at + 3 : at;
      for (let part = 0; part < 3; part++)
        pixels[to + part] =
          (pixels[to + part] ?? 0) + share * ((row[at + part] ?? 0) + (row[beside + part] ?? 0));
    }
  }
}

// --- linear light (IEC 61966-2-1) ---

function linear(encoded: number): number {
  return encoded <= 0.04045 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
}

const linearOf = Float64Array.from({ length: 256 }, (_, level) => linear(level / 255));

/** Blends in sRGB, as browsers do, before the light is made linear. */
function blend(level: number, alpha: number, background: number): number {
  if (alpha === 255) return linearOf[level] ?? 0;
  const share = alpha / 255;
  return linear(share * (level / 255) + (1 - share) * background);
}
