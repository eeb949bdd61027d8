import sharp, { type Sharp } from "sharp";
import { createRandom, mix, smoothstep } from "./noise.ts";
import {
  bloom,
  type Colour,
  colour,
  createPicture,
  develop,
  glow,
  over,
  type Picture,
  paint,
} from "./picture.ts";

const FRAMES = 20;

/** Paper lanterns rising on a summer night, in a loop: for animation. */
export async function drawLanterns(size: number): Promise<Sharp> {
  const frames = await Promise.all(
    Array.from({ length: FRAMES }, (_, frame) =>
      develop(paintFrame(size, frame / FRAMES), { exposure: 1.1, grain: 0, vignette: 0.3, seed: 1 })
        .raw()
        .toBuffer(),
    ),
  );
  return sharp(Buffer.concat(frames), {
    raw: { width: size, height: size * FRAMES, channels: 3, pageHeight: size },
  });
}

/** Milliseconds that each frame is shown. */
export const lanternDelay: readonly number[] = Array.from({ length: FRAMES }, () => 100);

interface Lantern {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly phase: number;
}

const random = createRandom(99);
const lanterns: readonly Lantern[] = [
  ...Array.from({ length: 16 }, () => ({
    x: random(),
    y: 0.08 + random() * 0.62,
    size: 0.014 + random() * 0.02,
    phase: random(),
  })),
  { x: 0.24, y: 0.52, size: 0.075, phase: 0.3 },
  { x: 0.78, y: 0.3, size: 0.055, phase: 0.75 },
  { x: 0.54, y: 0.5, size: 0.17, phase: 0 },
];

const top = colour("#0b1230");
const bottom = colour("#3a2a4a");
const paper = colour("#ff8a2a");
const flame = colour("#ffe2a0");

function paintFrame(size: number, time: number): Picture {
  const picture = createPicture(size, size);
  paint(picture, (x, y, on) => {
    over(on, top, 1);
    over(on, bottom, smoothstep(0.3, 1.05, y) * 0.7);
    const ridge = 0.86 + 0.03 * Math.sin(x * 7) + 0.015 * Math.sin(x * 17 + 1);
    over(on, [0.004, 0.005, 0.012], smoothstep(ridge - 0.004, ridge + 0.004, y));
    for (const lantern of lanterns) drawLantern(x, y, lantern, time, on);
  });
  bloom(picture, 0.03, 0.3);
  return picture;
}

function drawLantern(x: number, y: number, lantern: Lantern, time: number, on: Colour): void {
  const turn = (time + lantern.phase) * 2 * Math.PI;
  const across = (x - lantern.x - 0.1 * lantern.size * Math.sin(turn)) / lantern.size;
  const up = (lantern.y - y + 0.14 * lantern.size * Math.cos(turn)) / lantern.size;
  if (Math.abs(across) > 1 || up < -1 || up > 0.845) return;
  const half =
    mix(0.46, 0.62, smoothstep(-0.8, 0.55, up)) *
    Math.sqrt(Math.max(0, 1 - Math.max(0, (up - 0.35) / 0.5) ** 2.4));
  const soft = 0.004 / lantern.size;
  const inside =
    smoothstep(half + soft, half - soft, Math.abs(across)) * smoothstep(-0.8 - soft, -0.8 + soft, up);
  if (inside === 0) return;
  const flicker = 1 + 0.1 * Math.sin(turn * 3) + 0.06 * Math.sin(turn * 5 + 1);
  const shade = Math.sqrt(Math.max(0.08, 1 - (across / 0.66) ** 2));
  const ribs = 1 - 0.16 * Math.exp(-(((Math.abs(across / half) - 0.5) / 0.05) ** 2));
  const lit: Colour = [0, 0, 0];
  glow(lit, paper, 0.75 * shade * ribs * mix(1.15, 0.5, smoothstep(-0.8, 0.8, up)));
  glow(lit, flame, 1.1 * flicker * Math.exp(-((across / 0.3) ** 2 + ((up + 0.62) / 0.42) ** 2)));
  over(on, lit, inside);
}
