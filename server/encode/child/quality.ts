import type { Format } from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";
import { onLine } from "../line.ts";
import { laneOf } from "./encoder-settings.ts";

export type Lossy = Exclude<Format, "png">;

/** `q`, then the encoder's own quality for a picture of each of {@link sizes}. */
export type Row = readonly [q: number, small: number, medium: number, large: number];

/** Pixels of a photograph of 3:2 that is 400, 800 or 1,600 pixels wide. */
export const sizes = [107_000, 427_000, 1_707_000] as const;

const unchanged: readonly Row[] = [
  [1, 1, 1, 1],
  [100, 100, 100, 100],
];

/**
 * Settings that look the same, by the mean SSIMULACRA 2.1 of photographs, with the settings of encoder-settings.ts. Trellis
 * quantisation and smart subsampling change the look at a number: hence the lanes. In a larger picture of the same photograph the
 * formats differ by other amounts (WebP of q 90 is 3 points worse at 1,600 px): hence the sizes.
 *
 * `npm run calibrate -- FOLDER…` prints how far the rows are off. They were fitted to 50 photographs (31 of them at 800 px, 13 at 1,600), whose
 * means they meet within 2 points. Single photographs differ: at 400 px the standard deviation of AVIF is 12 points at q 20, 9 at 30 and 2
 * at 90, that of WebP 8, 6 and 3. So rows fitted to half of the photographs are up to 6 points off for the other half at q 20 and 4 at
 * q 40; and one step of AVIF's quality is 2 points there.
 */
const tables: Readonly<Record<Lossy, Readonly<Record<Lane, readonly Row[]>>>> = {
  jpg: {
    live: [
      [1, 1, 1, 1],
      [20, 18, 19, 19],
      [30, 27, 28, 28],
      [40, 36, 37, 37],
      [50, 45, 46, 46],
      [60, 55, 56, 56],
      [70, 66, 66, 66],
      [80, 77, 78, 78],
      [90, 89, 89, 89],
      [100, 100, 100, 100],
    ],
    // Its own scale.
    warm: unchanged,
  },
  webp: {
    live: [
      [1, 1, 1, 1],
      [20, 9, 8, 7],
      [30, 23, 23, 22],
      [40, 36, 37, 37],
      [50, 48, 49, 51],
      [60, 60, 62, 64],
      [70, 73, 74, 77],
      [80, 82, 84, 86],
      [90, 90, 91, 95],
      [100, 100, 100, 100],
    ],
    warm: [
      [1, 1, 1, 1],
      [20, 9, 8, 7],
      [30, 23, 22, 21],
      [40, 35, 35, 35],
      [50, 45, 48, 50],
      [60, 57, 61, 64],
      [70, 71, 74, 76],
      [80, 80, 82, 84],
      [90, 88, 90, 94],
      [100, 100, 100, 100],
    ],
  },
  avif: {
    live: [
      [1, 1, 1, 1],
      [20, 22, 18, 14],
      [30, 32, 30, 27],
      [40, 39, 38, 36],
      [50, 44, 43, 42],
      [60, 47, 47, 47],
      [70, 52, 52, 51],
      [80, 60, 60, 59],
      [90, 72, 75, 76],
      [100, 92, 92, 92],
    ],
    warm: [
      [1, 1, 1, 1],
      [20, 18, 16, 12],
      [30, 30, 28, 25],
      [40, 37, 36, 34],
      [50, 42, 41, 40],
      [60, 46, 46, 45],
      [70, 51, 51, 50],
      [80, 59, 59, 58],
      [90, 70, 74, 74],
      [100, 92, 92, 92],
    ],
  },
};

/**
 * The encoder's quality for `q` (1 to 100, how it looks) at an effort, for a picture of this number of pixels: linear in `q` between the rows,
 * and in the logarithm of the pixels between the sizes.
 */
export function qualityFor(format: Lossy, q: number, effort: number, pixels: number): number {
  const rows = tables[format][laneOf(format, effort)];
  const [small, medium, large] = sizes;
  const line = (
    [
      [small, 1],
      [medium, 2],
      [large, 3],
    ] as const
  ).map(([size, column]) => {
    const points = rows.map((row) => [row[0], row[column]] as const);
    return [Math.log(size), onLine(points, q)] as const;
  });
  return Math.round(onLine(line, Math.log(pixels)));
}
