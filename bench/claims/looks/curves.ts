import { availableParallelism } from "node:os";
import pMap from "p-map";
import type { Lane } from "../../../server/encode/encoder.ts";
import type { Bench } from "../../tools/bench.ts";
import type { Point } from "../../tools/look/equal-score.ts";
import type { Looks } from "../../tools/look/looks.ts";

/** Of the pictures that are compared with other programs'. */
export const WIDTH = 800;
export const qualities = [20, 30, 40, 50, 60, 70, 80, 90] as const;
/** Where all would take too long. */
export const someQualities = [30, 50, 70, 90] as const;
export const curveFormats = ["jpg", "webp", "avif"] as const;
export type CurveFormat = (typeof curveFormats)[number];

/** Pictures of one photograph at one width, from `q` 20 to 90. JPEG in the warm lane is what mozjpeg makes of the same pixels. */
export interface Curves {
  readonly file: string;
  readonly points: Readonly<Record<CurveFormat, readonly Made[]>>;
}

export interface Made extends Point {
  readonly body: Uint8Array;
}

/** Every photograph at a width, in the order of the files. */
export async function drawCurves(
  bench: Bench,
  looks: Looks,
  { files, width, lane, at = qualities, tuned = false }: CurvesOptions,
): Promise<readonly Curves[]> {
  let done = 0;
  return pMap(
    files,
    async (file) => {
      const outputs = curveFormats.flatMap((format) => at.map((quality) => ({ format, quality })));
      const made = await looks.own({ file, width, lane, outputs, tuned });
      bench.tell(`${width} px, ${lane}${tuned ? ", tuned" : ""}: ${++done} of ${files.length} photographs`);
      const of = (format: CurveFormat): Made[] =>
        outputs.flatMap(({ quality, format: its }, index) => {
          const one = made[index];
          if (its !== format || one === undefined) return [];
          return [
            { quality, score: one.scores[0] ?? Number.NaN, bytes: one.body.byteLength, body: one.body },
          ];
        });
      return { file, points: { jpg: of("jpg"), webp: of("webp"), avif: of("avif") } };
    },
    { concurrency: availableParallelism() },
  );
}

export interface CurvesOptions {
  readonly files: readonly string[];
  readonly width: number;
  readonly lane: Lane;
  readonly at?: readonly number[];
  readonly tuned?: boolean;
}
