import { paintAround } from "./box.ts";
import { type Colour, glow, type Picture } from "./picture.ts";

/** A light with its halo. */
export function drawLamp(picture: Picture, x: number, y: number, size: number, light: Colour): void {
  paintAround(picture, x, y, size * 3, (away, on) => {
    glow(on, light, Math.exp(-((away / size) ** 2)));
  });
}
