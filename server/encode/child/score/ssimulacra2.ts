import { HalfRows, type Pixels, pixelRows, type Rows } from "./rows.ts";
import { compareScale } from "./scale.ts";
import { SCALES, weightsOf } from "./weights.ts";

/** The smallest allowed side: in smaller pictures, the error maps have too few pixels. */
export const LEAST_SIDE = 8;

/**
 * SSIMULACRA 2.1: how much a picture looks like its original, to a person who compares the two at their own size. 100 is
 * the same picture; at 90 a person sees a difference only if the two alternate; 70 is a good JPEG, 50 a fair one, 30 a poor one;
 * below 0 the picture is hardly recognisable. Written after the description at github.com/cloudinary/ssimulacra2.
 *
 * If one of the two has transparent pixels, both are compared on a dark and on a bright background, and the worse score counts.
 * @throws RangeError when the two differ in size, or a side has fewer than {@link LEAST_SIDE} pixels.
 */
export function ssimulacra2(original: Pixels, picture: Pixels): number {
  const { width, height } = original;
  if (width !== picture.width || height !== picture.height)
    throw new RangeError(`${width} × ${height} and ${picture.width} × ${picture.height} pixels`);
  if (Math.min(width, height) < LEAST_SIDE) throw new RangeError(`${width} × ${height} pixels`);
  const isOpaque = original.channels % 2 === 1 && picture.channels % 2 === 1;
  const backgrounds = isOpaque ? [0] : [0.1, 0.9];
  return Math.min(...backgrounds.map((background) => scoreOn(background, original, picture)));
}

/** @param background behind transparent pixels, from 0 (black) to 1 (white) in sRGB. */
function scoreOn(background: number, original: Pixels, picture: Pixels): number {
  let [one, other]: [Rows, Rows] = [pixelRows(original, background), pixelRows(picture, background)];
  let error = 0;
  const scales = scalesOf(original);
  for (let scale = 0; scale < scales; scale++) {
    const [half, otherHalf] = [new HalfRows(one), new HalfRows(other)];
    error += compareScale({ rows: one, half }, { rows: other, half: otherHalf }, weightsOf(scale, scales));
    [one, other] = [half, otherHalf];
  }
  return scoreOf(error);
}

/** Scales continue as long as the last one is large enough. */
function scalesOf({ width, height }: Pixels): number {
  let scales = 1;
  for (let side = Math.min(width, height); side >= LEAST_SIDE && scales < SCALES; side = Math.ceil(side / 2))
    scales++;
  return scales;
}

/** Converts a sum of errors to the scale of marks that people give; the numbers are those of the reference. */
function scoreOf(sum: number): number {
  const error = 0.9562382616834844 * sum;
  const bent =
    2.326765642916932 * error - 0.020884521182843837 * error ** 2 + 6.248496625763138e-5 * error ** 3;
  return bent > 0 ? 100 - 10 * bent ** 0.6276336467831387 : 100;
}
