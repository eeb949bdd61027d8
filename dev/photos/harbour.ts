import { type Boat, drawBoat } from "./boats.ts";
import { type Camera, drawGround, type Point, project } from "./ground.ts";
import { drawLamp } from "./lamp.ts";
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
} from "./picture.ts";

/** A bay at dusk: hills, the lights of a town, boats at anchor. */
export function paintHarbour(height: number): Picture {
  const picture = createPicture(Math.round(height * 1.5), height);
  paintDusk(picture);
  const distances = drawGround(picture, camera, hillHeight, shadeHill);
  lightTown(picture, distances);
  for (const boat of boats) drawBoat(picture, boat, shore);
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

// --- boats ---

const boats: readonly Boat[] = [
  { x: 0.93, length: 0.05, sail: false, lamp: true },
  { x: 0.3, length: 0.075, sail: false, lamp: false },
  { x: 0.72, length: 0.11, sail: true, lamp: true },
  { x: 1.16, length: 0.17, sail: false, lamp: true },
];
