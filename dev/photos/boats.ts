import { paintBox } from "./box.ts";
import { drawLamp } from "./lamp.ts";
import { smoothstep } from "./noise.ts";
import { type Colour, over, type Picture } from "./picture.ts";

/** Where a boat lies and what it shows, in picture heights. */
export interface Boat {
  readonly x: number;
  readonly length: number;
  readonly sail: boolean;
  readonly lamp: boolean;
}

/** A sloop in the dusk, its keel at the shore line. */
export function drawBoat(picture: Picture, boat: Boat, shore: number): void {
  const { x: left, length, sail, lamp } = boat;
  const water = shore + 0.001;
  const top = water - length * 1.55;
  const parts = sail ? [...hull, ...rig, ...sails] : [...hull, ...rig];
  paintBox(picture, left - length * 0.1, top - length * 0.1, left + length * 1.1, water, (x, y, on) => {
    for (const { paint, share, edges } of parts) {
      const inside = edges((x - left) / length, (water - y) / length);
      over(on, paint, share * inside.reduce((covered, edge) => covered * soft(edge, length), 1));
    }
  });
  if (!lamp) return;
  drawLamp(picture, left + length * MAST, top, 0.0016, [2.4, 2, 1.3]);
  drawLamp(picture, left + length * 0.36, water - length * 0.165, 0.0022, [1.9, 1.1, 0.4]);
}

// --- parts, in boat lengths from the stern and from the water ---

interface Part {
  readonly paint: Readonly<Colour>;
  readonly share: number;
  /** How far inside each of its edges a point is. */
  readonly edges: (along: number, up: number) => readonly number[];
}

const MAST = 0.56;
const dark: Readonly<Colour> = [0.008, 0.01, 0.016];

function sheer(along: number): number {
  return 0.13 + 0.09 * (along - 0.42) ** 2 * 2.2;
}

function hullEdges(along: number, up: number): readonly number[] {
  const rake = 1 - up / sheer(along);
  return [sheer(along) - up, along - 0.06 * rake, 1.0 - 0.13 * rake - along];
}

const hull: readonly Part[] = [
  { paint: dark, share: 1, edges: hullEdges },
  {
    paint: [0.35, 0.16, 0.11],
    share: 0.8,
    edges: (along, up) => {
      const below = sheer(along) - up;
      return below < 0.03 && below > 0.012 ? hullEdges(along, up) : [-1];
    },
  },
  {
    paint: dark,
    share: 1,
    edges: (along, up) => [0.21 - up, along - 0.22, 0.62 - along - (up - 0.13) * 0.5],
  },
];

const rig: readonly Part[] = [
  { paint: dark, share: 1, edges: (along, up) => [0.006 - Math.abs(along - MAST), 1.55 - up] },
  {
    paint: dark,
    share: 1,
    edges: (along, up) => [0.009 - Math.abs(up - 0.3), along - 0.1, MAST - along],
  },
  {
    paint: dark,
    share: 0.75,
    edges: (along, up) => [
      0.0025 - Math.abs((along - MAST) * 1.38 + (up - 1.5) * 0.5),
      1.5 - up,
      along - MAST,
    ],
  },
  {
    paint: dark,
    share: 0.6,
    edges: (along, up) => [
      0.0022 - Math.abs((MAST - along) * 1.5 + (up - 1.5) * 0.58),
      1.5 - up,
      MAST - along,
    ],
  },
];

const sails: readonly Part[] = [
  {
    paint: [0.5, 0.24, 0.15],
    share: 0.94,
    edges: (along, up) => {
      const belly = 0.47 * Math.max(0, 1 - (up - 0.33) / 1.15) ** 0.82;
      return [0.555 - along, along - 0.555 + belly, up - 0.33, 1.45 - up];
    },
  },
  {
    paint: [0.62, 0.3, 0.18],
    share: 0.9,
    edges: (along, up) => [along - 0.575, 0.575 + 0.39 * (1 - (up - 0.2) / 1.15) - along, up - 0.2],
  },
];

/** 1 inside, 0 outside, soft over about a pixel. */
function soft(inside: number, length: number): number {
  return smoothstep(-0.00035 / length, 0.00035 / length, inside);
}
