import { appendFile, readFile } from "node:fs/promises";
import pMap from "p-map";
import sharp from "sharp";
import { type Lossy, qualityFor } from "../../server/encode/child/quality.ts";
import { toSrgb } from "../../server/encode/child/resize.ts";
import { judge } from "../../server/encode/child/score/judge.ts";
import type { Pixels } from "../../server/encode/child/score/rows.ts";
import type { Lane } from "../../server/encode/encoder.ts";

export const widths = [400, 800, 1600] as const;
export const formats = ["jpg", "webp", "avif"] as const satisfies readonly Lossy[];
export const lanes = ["live", "warm"] as const satisfies readonly Lane[];

/** Where the curves are measured: between them, a straight line. */
export const measured = [20, 30, 50, 70, 90] as const;

export const efforts: Readonly<Record<Lossy, Readonly<Record<Lane, number>>>> = {
  jpg: { live: 0, warm: 1 },
  webp: { live: 4, warm: 6 },
  avif: { live: 1, warm: 3 },
};

/** Scores of one photograph at one width, by the encoder's own quality, rising. */
export interface Curve {
  readonly photo: string;
  readonly width: number;
  readonly format: Lossy;
  readonly lane: Lane;
  readonly points: readonly (readonly [quality: number, score: number])[];
}

/**
 * Curves of the photographs, around the rows of the table as it is. At a width that is more than its own, a photograph has none.
 * @param kept file of curves, one a line: those are not measured again, and new ones are added.
 */
export async function measureCurves(
  photos: readonly string[],
  kept: string,
  tell: (line: string) => void,
): Promise<readonly Curve[]> {
  const curves = await readCurves(kept);
  sharp.concurrency(1);
  for (const width of widths)
    for (const photo of photos) {
      const missing = formats
        .flatMap((format) => lanes.map((lane) => ({ photo, width, format, lane })))
        .filter((wanted) => !curves.some((curve) => isOf(curve, wanted)));
      const pixels = missing.length === 0 ? undefined : await pixelsOf(photo, width);
      if (pixels === undefined) continue;
      await pMap(
        missing,
        async (of) => {
          const curve = { ...of, points: await pointsOf(pixels, of.format, of.lane) };
          curves.push(curve);
          await appendFile(kept, `${JSON.stringify(curve)}\n`);
        },
        { concurrency: 2 },
      );
      tell(`${width} px: ${photo}`);
    }
  return curves.filter(({ photo }) => photos.includes(photo));
}

function isOf(curve: Curve, { photo, width, format, lane }: Omit<Curve, "points">): boolean {
  return curve.photo === photo && curve.width === width && curve.format === format && curve.lane === lane;
}

async function readCurves(file: string): Promise<Curve[]> {
  const text = await readFile(file, "utf8").catch((error: { code?: unknown }) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

async function pixelsOf(photo: string, width: number): Promise<Pixels | undefined> {
  const upright = sharp(photo, { autoOrient: true });
  if ((await upright.metadata()).autoOrient.width < width) return undefined;
  const { data, info } = await toSrgb(upright.resize({ width })).raw().toBuffer({ resolveWithObject: true });
  return { data, ...info };
}

async function pointsOf(pixels: Pixels, format: Lossy, lane: Lane): Promise<[number, number][]> {
  const effort = efforts[format][lane];
  const points: [number, number][] = [];
  for (const q of measured) {
    const quality = qualityFor(format, q, effort, pixels.width * pixels.height);
    points.push([quality, (await judge(pixels, format, { effort, quality })).score]);
  }
  return points;
}
