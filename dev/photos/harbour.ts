import { type Camera, drawGround, type Point, project } from "./ground.ts";
import { drawWater } from "./mirror.ts";
import { createNoise, createRandom, createRelief, layered, mix, smoothstep } from "./noise.ts";
import {
  bloom,
  type Colour,
  colour,
  createPicture,
  dim,
  glow,
  over,
  type Picture,
  paint,
  readPixel,
  writePixel,
} from "./picture.ts";

/** A bay at dusk: hills, the lights of a town, boats at anchor. */
export function paintHarbour(height: number): Picture {
  const picture = createPicture(Math.round(height * 1.5), height);
  paintDusk(picture);
  const distances = drawGround(picture, camera, hillHeight, shadeHill);
  lightTown(picture, distances);
  for (const boat of boats) drawBoat(picture, boat);
  bloom(picture, 0.008, 0.22);
  bloom(picture, 0.06, 0.12);
  drawWater(picture, { shore, chop: 0.02, shine: 0.8, body: [0.004, 0.007, 0.014], seed: 61 });
  return picture;
}

// --- sky ---

const shore = 0.585;
const sun = { x: 0.55, y: 0.56 };
const zenith = colour("#26406f");
const upper = colour("#8d7fa6");
const peach = colour("#ffb27a");
const ember = colour("#ff7a45");
const cloudy = createNoise(52);

function paintDusk(picture: Picture): void {
  paint(picture, (x, y, on) => {
    const fromSun = Math.hypot((x - sun.x) * 0.8, y - sun.y);
    over(on, zenith, 1);
    over(on, upper, smoothstep(-0.02, 0.36, y) * 0.9);
    over(on, peach, smoothstep(0.2, 0.56, y) * (0.5 + 0.5 * Math.exp(-fromSun * 1.6)));
    over(on, ember, smoothstep(0.42, 0.6, y) * 0.75 * Math.exp(-fromSun * 1.7));
    const depth = 1 / (0.66 - y);
    const drift = layered(cloudy, x * depth * 0.85 + 3, depth * 2.4 + layered(cloudy, x * 3, y * 5, 3), 6);
    const bank = smoothstep(-0.02, 0.42, drift) * smoothstep(0.62, 0.4, y);
    const under = Math.exp(-fromSun * 1.9) * (1.25 - smoothstep(0.1, 0.55, drift) * 0.8);
    const lining: Colour = [0.2, 0.16, 0.27];
    over(lining, [1.5, 0.52, 0.24], Math.min(1, under * 1.25));
    over(on, lining, bank * 0.82);
    glow(on, [1.3, 0.75, 0.35], 0.55 * Math.exp(-fromSun * 7));
  });
}

// --- land ---

const camera: Camera = { eye: 0.12, horizon: shore - 0.004, view: 0.8, near: 3, far: 60, step: 0.0012 };
const relief = createRelief(73);
const detail = createNoise(74);

function hillHeight(x: number, z: number, footprint: number): number {
  const bay = smoothstep(0.35, 1.5, Math.abs(x / z + 0.03) * 2 + (z - 9) * 0.045);
  const land = (relief(x * 0.3 + 2.2, z * 0.3 + 5, footprint * 0.3) + 0.36) * 2.1 + 0.55;
  const trees = footprint < 0.02 ? 0.035 * Math.max(0, detail(x * 14, z * 14)) : 0;
  return -0.3 + bay * smoothstep(4.5, 10, z) * (land + trees + z * 0.02);
}

const wood = colour("#1d2a35");
const air = colour("#c98a7c");

function shadeHill(point: Point, on: Colour): void {
  over(on, wood, 1);
  const lit = Math.max(0, -point.slopeX * Math.sign(point.x / point.z) * -0.5 - point.slopeZ * -0.3);
  glow(on, [0.34, 0.15, 0.1], Math.min(0.6, lit) * 0.5);
  dim(on, 0.8 + 0.4 * layered(detail, point.x * 6, point.z * 6, 4));
  over(on, air, (1 - Math.exp(-(point.z - 4) * 0.04)) * 0.85);
  over(on, air, smoothstep(0.35, -0.05, point.height) * 0.16);
}

// --- town ---

function lightTown(picture: Picture, distances: Float32Array): void {
  const random = createRandom(19);
  for (let count = 0; count < 2600; count++) {
    const z = 5.5 + 9 * random();
    const side = random() < 0.62 ? 1 : -1;
    const x = side * z * (0.3 + random() ** 1.7 * 0.42);
    const ground = hillHeight(x, z, 0.004);
    const warm = random();
    const bright = 0.25 + random() ** 4 * 1.6;
    if (ground < -0.1 || random() > Math.exp(-(ground + 0.1) * 3.2)) continue;
    const at = project(picture, camera, x, ground + 0.03, z);
    const column = Math.floor(at.x * picture.height);
    const row = Math.floor(at.y * picture.height);
    if (row <= 0 || row >= picture.height || column < 0 || column >= picture.width) continue;
    if ((distances[row * picture.width + column] ?? 0) < z * 0.97) continue;
    drawLamp(picture, at.x, at.y, (0.0012 + 0.0008 * bright) * (8 / z), [
      bright * 2.2,
      bright * mix(1.1, 1.7, warm),
      bright * mix(0.4, 1.2, warm),
    ]);
  }
}

function drawLamp(picture: Picture, x: number, y: number, size: number, light: Colour): void {
  eachNear(picture, x, y, size * 3, (away, on) => {
    glow(on, light, Math.exp(-((away / size) ** 2)));
  });
}

// --- boats ---

interface Boat {
  readonly x: number;
  readonly length: number;
  readonly sail: boolean;
  readonly lamp: boolean;
}

const boats: readonly Boat[] = [
  { x: 0.93, length: 0.05, sail: false, lamp: true },
  { x: 0.3, length: 0.075, sail: false, lamp: false },
  { x: 0.72, length: 0.11, sail: true, lamp: true },
  { x: 1.16, length: 0.17, sail: false, lamp: true },
];

const dark: Readonly<Colour> = [0.008, 0.01, 0.016];
const canvas: Readonly<Colour> = [0.5, 0.24, 0.15];

function drawBoat(picture: Picture, { x: left, length, sail, lamp }: Boat): void {
  const water = shore + 0.001;
  const mast = left + length * 0.56;
  const top = water - length * 1.55;
  paintBox(picture, left - length * 0.1, top - length * 0.1, left + length * 1.1, water, (x, y, on) => {
    const along = (x - left) / length;
    const up = (water - y) / length;
    const sheer = 0.13 + 0.09 * (along - 0.42) ** 2 * 2.2;
    const stem = up / sheer;
    const hull =
      edge(sheer - up, length) *
      edge(along - 0.06 * (1 - stem), length) *
      edge(1.0 - 0.13 * (1 - stem) - along, length);
    over(on, dark, hull);
    if (up > sheer - 0.03 && up < sheer - 0.012) over(on, [0.35, 0.16, 0.11], hull * 0.8);
    const cabin =
      edge(0.21 - up, length) * edge(along - 0.22, length) * edge(0.62 - along - (up - 0.13) * 0.5, length);
    over(on, dark, cabin);
    over(on, dark, edge(0.006 - Math.abs(along - 0.56), length) * edge(1.55 - up, length));
    const boom =
      edge(0.009 - Math.abs(up - 0.3), length) * edge(along - 0.1, length) * edge(0.56 - along, length);
    over(on, dark, boom);
    over(
      on,
      dark,
      0.75 *
        edge(0.0025 - Math.abs((along - 0.56) * 1.38 + (up - 1.5) * 0.5), length) *
        edge(1.5 - up, length) *
        edge(along - 0.56, length),
    );
    over(
      on,
      dark,
      0.6 *
        edge(0.0022 - Math.abs((0.56 - along) * 1.5 + (up - 1.5) * 0.58), length) *
        edge(1.5 - up, length) *
        edge(0.56 - along, length),
    );
    if (!sail) return;
    const belly = 0.47 * Math.max(0, 1 - (up - 0.33) / 1.15) ** 0.82;
    const luff =
      edge(0.555 - along, length) *
      edge(along - 0.555 + belly, length) *
      edge(up - 0.33, length) *
      edge(1.45 - up, length);
    over(on, canvas, luff * 0.94);
    const jib =
      edge(along - 0.575, length) *
      edge(0.575 + 0.39 * (1 - (up - 0.2) / 1.15) - along, length) *
      edge(up - 0.2, length);
    over(on, [0.62, 0.3, 0.18], jib * 0.9);
  });
  if (lamp) drawLamp(picture, mast, top, 0.0016, [2.4, 2, 1.3]);
  if (lamp) drawLamp(picture, left + length * 0.36, water - length * 0.165, 0.0022, [1.9, 1.1, 0.4]);
}

/** 1 inside, 0 outside, soft over about a pixel; in boat lengths. */
function edge(inside: number, length: number): number {
  return smoothstep(-0.00035 / length, 0.00035 / length, inside);
}

// --- parts of a picture ---

function paintBox(
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

function eachNear(
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
