import { createNoise, layered } from "./noise.ts";
import { type Colour, dim, glow, type Picture, paint, sample } from "./picture.ts";

const TAPS = 5;

/** What water looks like. */
export interface Water {
  /** Where it begins, in picture heights from the top. */
  readonly shore: number;
  /** How far waves throw what they mirror, in picture heights at the picture's foot. */
  readonly chop: number;
  /** Share of the light that it gives back. */
  readonly shine: number;
  /** Its own colour. */
  readonly body: Readonly<Colour>;
  readonly seed: number;
}

/** Fills the picture below the shore with the mirror image of what is above, broken by waves. */
export function drawWater(picture: Picture, water: Water): void {
  const ripple = createNoise(water.seed);
  const above: Colour = [0, 0, 0];
  paint(picture, (x, y, on) => {
    const below = y - water.shore;
    if (below <= 0) return;
    const distance = 1 / (below + 0.012);
    const swell = layered(ripple, x * distance * 0.55, distance * 2.1, 4);
    on.fill(0);
    // A rough surface smears what it mirrors up and down, the more the nearer it is.
    for (let tap = -TAPS; tap <= TAPS; tap++) {
      const shake = swell * water.chop + (tap / TAPS) * (0.02 + below * 0.08) * (water.chop / 0.035);
      sample(
        picture,
        x + swell * below * 0.05,
        Math.min(water.shore, water.shore - below * 1.02 + shake),
        above,
      );
      glow(on, above, 1 / (2 * TAPS + 1));
    }
    dim(on, water.shine * (1 + 0.16 * swell));
    glow(on, water.body, 1);
  });
}
