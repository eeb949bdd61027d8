import { type Colour, type Picture, readPixel, writePixel } from "./picture.ts";

/** Paints part of a picture; edges in picture heights. */
export function paintBox(
  picture: Picture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  shade: (x: number, y: number, on: Colour) => void,
): void {
  const { width, height } = picture;
  const on: Colour = [0, 0, 0];
  for (let row = Math.max(0, Math.floor(top * height)); row < Math.min(height, bottom * height); row++) {
    for (
      let column = Math.max(0, Math.floor(left * height));
      column < Math.min(width, right * height);
      column++
    ) {
      readPixel(picture, column, row, on);
      shade((column + 0.5) / height, (row + 0.5) / height, on);
      writePixel(picture, column, row, on);
    }
  }
}

/** Paints what is at most `reach` picture heights from a spot, by its distance. */
export function paintAround(
  picture: Picture,
  x: number,
  y: number,
  reach: number,
  shade: (away: number, on: Colour) => void,
): void {
  paintBox(picture, x - reach, y - reach, x + reach, y + reach, (atX, atY, on) => {
    shade(Math.hypot(atX - x, atY - y), on);
  });
}
