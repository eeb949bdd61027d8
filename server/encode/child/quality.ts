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
 * `npm run calibrate -- FOLDER…` prints how far the rows are off. They were corrected by hand with it and `npm run bench -- looks`, so
 * that three sets are right on average: 37 photographs that were measured before, 22 others, and those of that benchmark. Means of
 * eight photographs still differ by up to 7 points at q 20, and by 3 at q 50: there the formats differ most by what is in the picture.
 */
const tables: Readonly<Record<Lossy, Readonly<Record<Lane, readonly Row[]>>>> = {
  jpg: {
    live: [
      [1, 1, 1, 1],
      [20, 19, 19, 19],
      [30, 27, 27, 27],
      [40, 37, 37, 37],
      [50, 45, 45, 45],
      [60, 55, 55, 55],
      [70, 66, 66, 66],
      [80, 78, 78, 78],
      [90, 89, 89, 89],
      [100, 100, 100, 100],
    ],
    // Its own scale.
    warm: unchanged,
  },
  webp: {
    live: [
      [1, 1, 1, 1],
      [20, 10, 10, 9],
      [30, 24, 25, 24],
      [40, 37, 39, 39],
      [50, 51, 52, 54],
      [60, 60, 63, 65],
      [70, 74, 77, 79],
      [80, 82, 85, 86],
      [90, 90, 92, 93],
      [100, 100, 100, 100],
    ],
    warm: [
      [1, 1, 1, 1],
      [20, 10, 10, 9],
      [30, 23, 24, 23],
      [40, 36, 38, 38],
      [50, 48, 50, 52],
      [60, 58, 61, 63],
      [70, 71, 74, 76],
      [80, 80, 83, 84],
      [90, 88, 90, 91],
      [100, 100, 100, 100],
    ],
  },
  avif: {
    live: [
      [1, 1, 1, 1],
      [20, 24, 23, 21],
      [30, 34, 33, 32],
      [40, 40, 39, 39],
      [50, 45, 44, 44],
      [60, 49, 49, 49],
      [70, 54, 54, 54],
      [80, 62, 63, 63],
      [90, 74, 75, 76],
      [100, 92, 92, 92],
    ],
    warm: [
      [1, 1, 1, 1],
      [20, 21, 19, 17],
      [30, 32, 31, 30],
      [40, 39, 38, 38],
      [50, 44, 43, 43],
      [60, 48, 48, 48],
      [70, 53, 52, 52],
      [80, 60, 61, 61],
      [90, 72, 73, 74],
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
