import { REACH } from "./blur.ts";
import { Channel } from "./channel.ts";
import type { HalfRows, Rows } from "./rows.ts";
import type { ScaleWeights } from "./weights.ts";
import { toXyb } from "./xyb.ts";

/** A picture in linear light, and its version at half the size, which is filled while it is read. */
export interface Picture {
  readonly rows: Rows;
  readonly half: HalfRows;
}

/**
 * The errors of a picture against its original at one scale, each with its weight. Works row by row, so that it needs
 * little memory, which fits into the processor's cache.
 */
export function compareScale(original: Picture, picture: Picture, weights: ScaleWeights): number {
  const { width, height } = original.rows;
  const x = new Channel(width, height, weights.x);
  const y = new Channel(width, height, weights.y);
  const b = new Channel(width, height, weights.b);
  const linear = new Float64Array(3 * width);
  const read = ({ rows, half }: Picture, side: "original" | "picture", row: number): void => {
    rows.read(row, linear);
    half.add(row, linear);
    toXyb(linear, { x: x[side].numbers, y: y[side].numbers, b: b[side].numbers }, x[side].at(row));
  };
  for (let row = 0; row < height + REACH; row++) {
    if (row < height) {
      read(original, "original", row);
      read(picture, "picture", row);
    }
    for (const channel of [x, y, b]) {
      channel.take(row);
      if (row >= REACH) channel.compare(row - REACH);
    }
  }
  return x.error() + y.error() + b.error();
}
