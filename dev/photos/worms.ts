import { type Camera, drawGround, type Point, project } from "./ground.ts";
import { drawWater } from "./mirror.ts";
import { createNoise, createRandom, createRelief, layered, smoothstep } from "./noise.ts";
import {
  bloom,
  type Colour,
  colour,
  createPicture,
  glow,
  type Picture,
  paint,
  readPixel,
  writePixel,
} from "./picture.ts";

/** Glow-worms on the roof of a cave, and their light on the river below. */
export function paintWorms(height: number): Picture {
  const picture = createPicture(Math.round((height * 4) / 3), height);
  paintDaylight(picture);
  const distances = drawGround(picture, camera, roofHeight, shadeRoof, true);
  hangWorms(picture, distances);
  bloom(picture, 0.006, 0.35);
  bloom(picture, 0.05, 0.3);
  drawWater(picture, {
    shore: camera.horizon + 0.012,
    chop: 0.035,
    shine: 0.62,
    body: [0.0002, 0.001, 0.0012],
    seed: 23,
  });
  return picture;
}

// --- cave ---

const camera: Camera = { eye: 0.55, horizon: 0.64, view: 0.95, near: 0.6, far: 30, step: 0.0012 };
const relief = createRelief(41);
const swarm = createNoise(17);
const stone = createNoise(18);

function bend(z: number): number {
  return 0.75 * Math.sin(z * 0.33 + 0.4) * smoothstep(1, 6, z) + z * 0.02;
}

function roofHeight(x: number, z: number, footprint: number): number {
  const wide = 1.35 + 0.3 * Math.sin(z * 0.9 + 1);
  const aside = Math.abs(x - bend(z)) / wide;
  const vault = 1.9 - 0.75 * aside * aside - 1.5 * smoothstep(0.75, 1.7, aside) - 0.028 * z;
  return vault + 0.5 * relief(x * 0.8 + 9, z * 0.8, footprint) - 0.1 * Math.max(0, stone(x * 5, z * 5)) ** 2;
}

/** Where glow-worms are many, from 0 to 1. */
function crowd(x: number, z: number): number {
  return (
    smoothstep(-0.22, 0.5, layered(swarm, x * 0.85, z * 0.6, 3)) * smoothstep(2.2, 0.5, Math.abs(x - bend(z)))
  );
}

const teal = colour("#39e6c8");
const blue = colour("#3fb7ff");
const stoneLight = colour("#4f8f9c");

function shadeRoof(point: Point, on: Colour): void {
  const { x, z } = point;
  const steep = Math.hypot(point.slopeX, point.slopeZ);
  const facing = (1 + point.slopeX * 0.45 + point.slopeZ * 0.35) / Math.hypot(1, steep);
  const grit = 0.75 + 0.5 * layered(stone, x * 14, z * 14, 4);
  const near = Math.exp(-z * 0.16);
  glow(on, stoneLight, grit * Math.max(0.06, facing) * (0.008 + 0.05 * crowd(x, z)) * near * 1.6);
  glow(on, daylight, 0.014 * Math.exp(-Math.abs(z - 13) * 0.25) * Math.max(0, 0.4 + point.slopeX * 0.3));
}

const daylight = colour("#7fc4e8");

function paintDaylight(picture: Picture): void {
  paint(picture, (x, y, on) => {
    glow(on, daylight, 0.16 * Math.exp(-Math.hypot((x - 0.78) * 1.6, (y - 0.62) * 2) * 9));
  });
}

// --- worms ---

function hangWorms(picture: Picture, distances: Float32Array): void {
  const random = createRandom(7);
  for (let count = 0; count < 52_000; count++) {
    const z = 0.7 + 14 * random() ** 1.5;
    const x = bend(z) + (random() - 0.5) * 4.4;
    const bright = 0.12 + random() ** 7 * 2.4;
    const hue = random();
    if (random() > crowd(x, z) ** 1.4) continue;
    const at = project(picture, camera, x, roofHeight(x, z, 0.002) - 0.012, z);
    const column = Math.floor(at.x * picture.height);
    const row = Math.floor(at.y * picture.height);
    if (row < 0 || row >= picture.height || column < 0 || column >= picture.width) continue;
    if ((distances[row * picture.width + column] ?? 0) < z * 0.985) continue;
    const size = (0.0011 + 0.0012 * bright) / (0.55 + z * 0.35);
    drawLight(picture, at.x, at.y, Math.max(size, 0.0005), (bright * 2.6) / (0.8 + z * 0.1), hue);
  }
}

function drawLight(picture: Picture, x: number, y: number, size: number, amount: number, hue: number): void {
  const { width, height } = picture;
  const reach = Math.ceil(size * height * 3.2);
  const on: Colour = [0, 0, 0];
  for (let row = Math.floor(y * height) - reach; row <= y * height + reach; row++) {
    for (let column = Math.floor(x * height) - reach; column <= x * height + reach; column++) {
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const away = Math.hypot((column + 0.5) / height - x, (row + 0.5) / height - y) / size;
      readPixel(picture, column, row, on);
      glow(on, teal, amount * (1 - hue) * Math.exp(-away * away));
      glow(on, blue, amount * hue * Math.exp(-away * away));
      glow(on, [1, 1, 1], amount * 0.45 * Math.exp(-away * away * 3));
      writePixel(picture, column, row, on);
    }
  }
}
