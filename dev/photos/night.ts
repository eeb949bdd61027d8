import { type Camera, drawGround, type Point } from "./ground.ts";
import { drawWater } from "./mirror.ts";
import { createNoise, createRandom, createRelief, layered, smoothstep } from "./noise.ts";
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

/** The Milky Way over a mountain lake. */
export function paintNight(height: number): Picture {
  const picture = createPicture(Math.round(height * 1.5), height);
  paintSky(picture);
  scatterStars(picture);
  bloom(picture, 0.004, 0.3);
  drawGround(picture, camera, landHeight, shadeLand);
  drawWater(picture, { shore, chop: 0.012, shine: 0.55, body: [0.0012, 0.0022, 0.0045], seed: 88 });
  return picture;
}

// --- sky ---

const shore = 0.76;
const deep = colour("#0a1530");
const airglow = colour("#2f6a5c");
const dusk = colour("#7d5a58");
const core = colour("#c9b79e");
const arms = colour("#8fa3d6");
const cloud = createNoise(90);

/** Across the band of the galaxy, and along it. */
function galaxy(x: number, y: number): { readonly across: number; readonly along: number } {
  const tilt = 1.02;
  const across = (x - 0.86) * Math.sin(tilt) + (y - 0.4) * Math.cos(tilt);
  return {
    across: across + 0.05 * (y - 0.4),
    along: (y - 0.4) * Math.sin(tilt) - (x - 0.86) * Math.cos(tilt),
  };
}

function paintSky(picture: Picture): void {
  paint(picture, (x, y, on) => {
    over(on, deep, 1);
    dim(on, 0.55);
    over(on, airglow, smoothstep(0.25, 0.78, y) * 0.22);
    over(on, dusk, smoothstep(0.5, 0.8, y) * 0.26 * Math.exp(-Math.abs(x - 0.5) * 1.3));
    const { across, along } = galaxy(x, y);
    const billow = layered(cloud, x * 4.2 + 3, y * 4.2, 6);
    const lane = layered(cloud, x * 6 - billow, y * 6 + 8, 6);
    const wide = Math.exp(-(((across + billow * 0.07) / 0.16) ** 2));
    const bulge = Math.exp(-(((along - 0.22) / 0.34) ** 2));
    glow(on, arms, 0.055 * wide * (0.5 + 0.9 * billow + 0.4));
    glow(on, core, 0.14 * bulge * Math.exp(-(((across + billow * 0.05) / 0.085) ** 2)) * (0.75 + billow));
    const dust = smoothstep(0.02, 0.4, lane + 0.2 * bulge) * Math.exp(-((across / 0.075) ** 2));
    dim(on, 1 - 0.72 * dust);
    glow(on, [0.09, 0.035, 0.05], bulge * wide * smoothstep(0.25, 0.6, billow) * 0.6);
  });
}

function scatterStars(picture: Picture): void {
  const random = createRandom(404);
  for (let count = 0; count < 26_000; count++) {
    const x = random() * 1.5;
    const y = random() * 0.8;
    const { across } = galaxy(x, y);
    const bright = 0.02 + 0.06 * random() + random() ** 110 * 2.2 + random() ** 14 * 0.16;
    const warmth = random();
    const crowded = Math.exp(-((across / 0.17) ** 2));
    if (random() > 0.3 + 0.7 * crowded) continue;
    const faded = bright * smoothstep(0.82, 0.5, y);
    drawStar(picture, x, y, 0.00042 + 0.0003 * Math.min(1.6, bright), faded * 2.4, warmth);
  }
}

function drawStar(
  picture: Picture,
  x: number,
  y: number,
  size: number,
  bright: number,
  warmth: number,
): void {
  const { width, height } = picture;
  const reach = size * height * 2.4;
  const tint: Colour = [0.75 + 0.45 * warmth, 0.9, 1.3 - 0.6 * warmth];
  const on: Colour = [0, 0, 0];
  for (let row = Math.ceil(y * height - reach); row <= y * height + reach; row++) {
    for (let column = Math.ceil(x * height - reach); column <= x * height + reach; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const away = Math.hypot(column / height - x, row / height - y) / size;
      readPixel(picture, column, row, on);
      glow(on, tint, bright * Math.exp(-away * away));
      writePixel(picture, column, row, on);
    }
  }
}

// --- land ---

const camera: Camera = { eye: 0.25, horizon: shore - 0.006, view: 0.85, near: 2.5, far: 60, step: 0.0013 };
const relief = createRelief(57);
const trees = createNoise(58);

function landHeight(x: number, z: number, footprint: number): number {
  const lake = smoothstep(0.45, 1.25, Math.abs(x / z - 0.02) * 1.9 + (z - 10) * 0.07);
  const land =
    (relief(x * 0.24 + 7, z * 0.24 + 2, footprint * 0.24) + 0.4) * (0.7 + 2.6 * smoothstep(5, 26, z)) + 0.3;
  const wood = Math.max(0, trees(x * 13, z * 13)) + 0.6 * Math.max(0, trees(x * 31, z * 31));
  const grown = footprint < 0.03 ? 0.075 * wood * smoothstep(1.6, 0.7, land) : 0;
  return -0.35 + lake * smoothstep(4, 9, z) * (land + grown);
}

const ground = colour("#0d1420");
const snow = colour("#8fa4c8");
const farAir = colour("#274058");

function shadeLand(point: Point, on: Colour): void {
  const steep = Math.hypot(point.slopeX, point.slopeZ);
  const rough = layered(trees, point.x * 7, point.z * 7, 4);
  over(on, ground, 1);
  over(on, snow, smoothstep(1.3, 2.1, point.height + rough * 0.8) * smoothstep(2, 0.9, steep + rough) * 0.5);
  dim(on, 0.45 + 0.5 * smoothstep(-0.6, 0.9, -point.slopeX * 0.6 - point.slopeZ * 0.3) + rough * 0.2);
  over(on, farAir, (1 - Math.exp(-(point.z - 4) * 0.035)) * 0.6);
}
