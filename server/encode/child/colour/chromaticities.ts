import type { Chromaticities, Xy } from "../../../formats/colour/colour-tag.ts";

export type Vector = readonly [number, number, number];
/** Rows. */
export type Matrix = readonly [Vector, Vector, Vector];

/** CIE XYZ of ICC's white (ICC.1:2022, §7.2.16). */
export const D50: Vector = [0.9642, 1, 0.8249];

/**
 * Whether they span a triangle with a white of some light, so that a conversion exists. x and y may make more than 1 together: then
 * z is below 0, as for the red of ACEScg.
 */
export function isPossible({ white, red, green, blue }: Chromaticities): boolean {
  if ([white, red, green, blue].some(([x, y]) => x > 1 || y > 1)) return false;
  if (white[0] <= 0 || white[1] <= 0) return false;
  const area = (red[0] - blue[0]) * (green[1] - blue[1]) - (green[0] - blue[0]) * (red[1] - blue[1]);
  return (
    Math.abs(area) > 1e-4 && toXyz({ white, red, green, blue }).every((row) => row.every(Number.isFinite))
  );
}

/** From linear red, green and blue to CIE XYZ for D50, adapted as ICC does (§E.3): by Bradford's matrix. */
export function toXyz({ white, red, green, blue }: Chromaticities): Matrix {
  const primaries = transpose([lightOf(red), lightOf(green), lightOf(blue)]);
  const whiteXyz = scale(lightOf(white), 1 / white[1]);
  const amounts = times(inverse(primaries), whiteXyz);
  return multiply(adaptation(whiteXyz), multiply(primaries, diagonal(amounts)));
}

function lightOf([x, y]: Xy): Vector {
  return [x, y, 1 - x - y];
}

const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

function adaptation(white: Vector): Matrix {
  const [from, to] = [times(BRADFORD, white), times(BRADFORD, D50)];
  const gains = diagonal([to[0] / from[0], to[1] / from[1], to[2] / from[2]]);
  return multiply(inverse(BRADFORD), multiply(gains, BRADFORD));
}

// --- matrices ---

export function times([x, y, z]: Matrix, vector: Vector): Vector {
  return [dot(x, vector), dot(y, vector), dot(z, vector)];
}

export function multiply(left: Matrix, right: Matrix): Matrix {
  const [a, b, c] = transpose(right);
  return transpose([times(left, a), times(left, b), times(left, c)]);
}

export function inverse([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    scale([e * i - f * h, c * h - b * i, b * f - c * e], 1 / determinant),
    scale([f * g - d * i, a * i - c * g, c * d - a * f], 1 / determinant),
    scale([d * h - e * g, b * g - a * h, a * e - b * d], 1 / determinant),
  ];
}

export function transpose([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  return [
    [a, d, g],
    [b, e, h],
    [c, f, i],
  ];
}

function diagonal([x, y, z]: Vector): Matrix {
  return [
    [x, 0, 0],
    [0, y, 0],
    [0, 0, z],
  ];
}

function scale([x, y, z]: Vector, by: number): Vector {
  return [x * by, y * by, z * by];
}

function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}
