import { type Camera, drawGround, type Point } from "./ground.ts";
import { createNoise, createRelief, layered, mix, smoothstep } from "./noise.ts";
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

/** Mountains at first light, the valleys under mist. */
export function paintAlps(height: number): Picture {
  const picture = createPicture(Math.round(height * 2.4), height);
  paintSky(picture);
  drawGround(picture, camera, landHeight, shadeLand);
  bloom(picture, 0.03, 0.12);
  return picture;
}

// --- sky ---

const sun = { x: 1.72, y: 0.43 };
const zenith = colour("#2f5c99");
const middle = colour("#8fb6d6");
const low = colour("#ffd7a8");
const sunlight = colour("#ffdca6");
const veil = createNoise(11);

function paintSky(picture: Picture): void {
  paint(picture, (x, y, on) => {
    over(on, zenith, 1);
    over(on, middle, smoothstep(-0.05, 0.32, y) * 0.9);
    over(on, low, smoothstep(0.12, 0.46, y) * (0.55 + 0.45 * Math.exp(-Math.abs(x - sun.x) * 1.1)));
    const fromSun = Math.hypot(x - sun.x, y - sun.y);
    glow(on, sunlight, 0.9 * Math.exp(-fromSun * 9) + 0.28 * Math.exp(-fromSun * 2.2));
    const drift = layered(veil, x * 1.1 + layered(veil, x * 2, y * 6, 3), y * 7 - x * 0.9, 6);
    const cirrus = smoothstep(0.02, 0.55, drift) * smoothstep(0.5, 0.1, y);
    over(on, [1.05, 0.86, 0.74], cirrus * 0.55);
  });
}

// --- land ---

const camera: Camera = { eye: 1.5, horizon: 0.56, view: 0.6, near: 0.9, far: 75, step: 0.0011 };
const relief = createRelief(27);
const broad = createNoise(5);
const mist = createNoise(8);
const detail = createNoise(9);

function landHeight(x: number, z: number, footprint: number): number {
  const valley = smoothstep(0.6, 6.5, Math.abs(x - 1.3 * Math.sin(z * 0.17 + 0.3) - 0.5));
  const massif = smoothstep(-0.7, 0.8, broad(x * 0.12 + 4, z * 0.12));
  const rise = smoothstep(3, 24, z) * (0.35 + 0.65 * valley);
  const rough = relief(x * 0.2 + 3, z * 0.2 + 1, footprint * 0.2) + 0.42;
  const land = 0.15 + valley * 0.45 + rough * (0.7 + 5.6 * rise * (0.25 + 0.75 * massif));
  return land + treeHeight(x, z, land, footprint);
}

/** Woods below the tree line, as bumps where they are near enough to be seen. */
function treeHeight(x: number, z: number, land: number, footprint: number): number {
  if (footprint > 0.02) return 0;
  const crowns = Math.max(0, detail(x * 17, z * 17)) + 0.7 * Math.max(0, detail(x * 37, z * 37 + 5));
  return 0.05 * crowns * woods(x, z, land);
}

function woods(x: number, z: number, land: number): number {
  return smoothstep(-0.3, 0.1, layered(detail, x * 1.3, z * 1.3, 3) - (land - 1.25) * 0.8);
}

const snow = colour("#f4f6fb");
const rock = colour("#6b6a70");
const meadow = colour("#5a6438");
const forest = colour("#1b2b1e");
const haze = colour("#a9c0dc");
const warmHaze = colour("#ffd3a3");

function shadeLand(point: Point, on: Colour): void {
  const { x, z, height } = point;
  const steep = Math.hypot(point.slopeX, point.slopeZ);
  const speckle = layered(detail, x * 9, z * 9, 4);
  const line = 1.75 + 0.4 * layered(detail, x * 0.7, z * 0.7, 3) + 0.35 * speckle;
  over(on, meadow, 1);
  over(on, forest, woods(x, z, height));
  over(on, rock, smoothstep(0.8, 1.5, steep + speckle * 0.5) * smoothstep(1, 1.6, height));
  over(on, snow, smoothstep(-0.1, 0.35, height - line) * smoothstep(2.3, 1.2, steep + speckle * 0.5));
  const facing = (0.42 - point.slopeX * 0.95 - point.slopeZ * 0.1) / Math.hypot(1, steep);
  const tint: Colour = [0.13, 0.19, 0.33];
  over(tint, [1.75, 1.2, 0.78], smoothstep(-0.2, 0.95, facing));
  on[0] *= tint[0];
  on[1] *= tint[1];
  on[2] *= tint[2];
  addAir(point, on);
}

function addAir({ x, z, height }: Point, on: Colour): void {
  const towardsSun = Math.exp(-Math.abs(x / z - 0.36) * 2.6);
  const air: Colour = [...haze];
  over(air, warmHaze, towardsSun * 0.9);
  dim(air, mix(0.62, 1.1, towardsSun));
  over(on, air, 1 - Math.exp(-z * 0.026));
  const bank = 0.5 + 0.35 * layered(mist, x * 0.55, z * 0.3, 5);
  over(on, air, smoothstep(bank + 0.45, bank - 0.25, height) * smoothstep(2, 8, z) * 0.9);
}
