import { createNoise, createRandom, layered, mix, smoothstep } from "./noise.ts";
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

/** A beech wood in morning mist, upright. */
export function paintWoods(height: number): Picture {
  const picture = createPicture(Math.round(height * 0.75), height);
  const rows = Array.from({ length: ROWS }, (_, row) => plantRow(row));
  paint(picture, (x, y, on) => {
    over(on, skyAt(x, y), 1);
    for (const [row, trunks] of rows.entries()) {
      drawFloor(x, y, row, on);
      for (const trunk of trunks) drawTrunk(x, y, trunk, row, on);
      if (row % 2 === 0 && row < ROWS - 1) drawLeaves(x, y, row, on);
    }
    drawBeams(x, y, on);
  });
  bloom(picture, 0.05, 0.2);
  return picture;
}

const ROWS = 9;
const sun = { x: 0.5, y: 0.2 };
const mist = colour("#cfd6b4");
const light = colour("#fff0bf");
const bark = colour("#1c1a14");
const moss = colour("#46542a");
const leaf = colour("#6f8f2e");
const litter = colour("#5b3d20");
const noise = createNoise(33);

function skyAt(x: number, y: number): Colour {
  const fromSun = Math.hypot(x - sun.x, (y - sun.y) * 0.8);
  const on: Colour = [...mist];
  over(on, light, Math.exp(-fromSun * 2.2));
  dim(on, 0.5 + 0.85 * Math.exp(-fromSun * 2.4));
  return on;
}

/** How near a row is: 0 in the mist, 1 at the camera. */
function nearness(row: number): number {
  return row / (ROWS - 1);
}

/** What is left of a colour after the mist before it. */
function addMist(x: number, y: number, row: number, on: Colour): void {
  over(on, skyAt(x, y), (1 - nearness(row)) ** 1.35 * 0.93);
}

// --- trunks ---

interface Trunk {
  readonly x: number;
  readonly width: number;
  readonly lean: number;
  readonly bend: number;
  readonly seed: number;
}

function plantRow(row: number): readonly Trunk[] {
  const random = createRandom(row * 13 + 5);
  const near = nearness(row);
  const count = Math.round(mix(26, 2, near ** 0.6));
  return Array.from({ length: count }, (_, index) => {
    const spread = (index + 0.15 + random() * 0.7) / count;
    // The way to the light stays open.
    const x = mix(-0.1, 0.85, spread);
    const aside = x + Math.sign(x - 0.46) * 0.16 * near * Math.exp(-(((x - 0.46) / 0.2) ** 2));
    return {
      x: row === ROWS - 1 ? (index === 0 ? 0.03 : 0.735) : aside,
      width: mix(0.006, 0.085, near ** 1.8) * (0.7 + random() * 0.6),
      lean: (random() - 0.5) * 0.1,
      bend: (random() - 0.5) * 0.03,
      seed: random() * 50,
    };
  });
}

function drawTrunk(x: number, y: number, trunk: Trunk, row: number, on: Colour): void {
  const foot = floorAt(trunk.x, row) + 0.012 * nearness(row);
  // Most pixels are nowhere near a trunk; this keeps the noise below for those that are.
  if (y > foot || Math.abs(x - trunk.x) > trunk.width * 1.2 + 0.09) return;
  const up = foot - y;
  const middle = trunk.x + trunk.lean * up + trunk.bend * Math.sin(up * 5 + trunk.seed);
  const flare = 1 + 0.9 * Math.exp(-up / (trunk.width * 0.9));
  const half = (trunk.width / 2) * (1 - up * 0.3) * flare * (1 + 0.06 * noise(trunk.seed, y * 9));
  const across = (x - middle) / half;
  const inside = smoothstep(1 + 0.0006 / half, 1 - 0.0006 / half, Math.abs(across));
  if (inside === 0) return;
  const ridge = layered(noise, across * 3 + trunk.seed, (y * 0.35) / trunk.width + across ** 2, 5);
  const tone: Colour = [...bark];
  over(tone, moss, smoothstep(-0.1, 0.5, ridge + 0.35 - up * 0.9) * 0.65);
  dim(tone, Math.max(0, 0.6 + ridge * 0.8));
  const rim = smoothstep(0.55, 1, across * Math.sign(sun.x - trunk.x));
  glow(tone, light, 0.3 * rim * Math.exp(-Math.abs(trunk.x - sun.x) * 2.2));
  addMist(x, y, row, tone);
  over(on, tone, inside);
}

// --- floor and leaves ---

function floorAt(x: number, row: number): number {
  const near = nearness(row);
  return mix(0.655, 0.985, near ** 1.5) + 0.018 * noise(x * 3 + row * 7, row) - 0.05 * (x - 0.42) ** 2;
}

function drawFloor(x: number, y: number, row: number, on: Colour): void {
  const top = floorAt(x, row) - 0.006 * nearness(row) * (1 + noise(x * 60, row));
  if (y < top) return;
  const depth = 1 / (y - 0.56);
  const grain = layered(noise, (x - 0.42) * depth * 9, depth * 26 + row, 5);
  const tone: Colour = [...litter];
  over(tone, moss, smoothstep(-0.1, 0.3, layered(noise, (x - 0.4) * depth * 2, depth * 5, 3)) * 0.75);
  dim(tone, Math.max(0, 0.55 + grain * 1.2));
  const dapple = smoothstep(0.05, 0.4, layered(noise, (x - 0.42) * depth * 1.7 + 9, depth * 4.4, 3));
  glow(
    tone,
    [0.55, 0.42, 0.16],
    dapple * Math.max(0, 0.22 + 0.6 * grain) * Math.exp(-Math.abs(x - sun.x) * 2.6),
  );
  addMist(x, y, row, tone);
  over(on, tone, smoothstep(0, 0.0015, y - top));
}

function drawLeaves(x: number, y: number, row: number, on: Colour): void {
  const near = nearness(row);
  const size = mix(95, 30, near);
  if (y > 0.66) return;
  const bough = layered(noise, x * mix(7, 3, near) + row * 11, y * mix(9, 4, near) + row * 3, 3);
  const cover = smoothstep(0.62, 0.1, y + 0.18 * near) * 0.9 + bough * 0.9 - 0.52;
  if (cover < -0.35) return;
  const blade =
    layered(noise, x * size + row, y * size * 1.5, 3) + layered(noise, x * size * 3, y * size * 3, 2) * 0.6;
  const share = smoothstep(-0.05, 0.1, cover + blade * 0.8 - 0.12);
  if (share === 0) return;
  const tone: Colour = [...leaf];
  dim(tone, 0.4 + 0.5 * Math.max(0, blade));
  glow(tone, [0.5, 0.5, 0.1], 0.9 * Math.exp(-Math.hypot(x - sun.x, y - sun.y) * 3.4) * Math.max(0, blade));
  addMist(x, y, row, tone);
  over(on, tone, share * 0.92);
}

// --- beams ---

function drawBeams(x: number, y: number, on: Colour): void {
  const angle = Math.atan2(x - sun.x, y - sun.y + 0.35);
  const shaft = smoothstep(-0.05, 0.5, layered(noise, angle * 17 + 3, 0.4, 3));
  const reach =
    smoothstep(-0.1, 0.3, y - 0.02) * Math.exp(-Math.abs(angle) * 2.2) * smoothstep(1.05, 0.45, y);
  glow(on, light, shaft * reach * 0.3);
}
