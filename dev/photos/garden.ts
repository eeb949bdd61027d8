import { type Camera, drawGround, type Point } from "./ground.ts";
import { createNoise, layered, mix, smoothstep } from "./noise.ts";
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

/** Rows of lavender in the last light. */
export function paintGarden(height: number): Picture {
  const picture = createPicture(Math.round(height * 1.5), height);
  paintEvening(picture);
  drawGround(picture, camera, bedHeight, shadeBed);
  bloom(picture, 0.04, 0.14);
  return picture;
}

// --- sky ---

const sun = { x: 1.02, y: 0.32 };
const zenith = colour("#6f8fc0");
const low = colour("#ffd9a0");
const sunlight = colour("#ffd38a");
const cloud = createNoise(121);

function paintEvening(picture: Picture): void {
  paint(picture, (x, y, on) => {
    over(on, zenith, 1);
    const fromSun = Math.hypot(x - sun.x, y - sun.y);
    over(on, low, smoothstep(-0.05, 0.36, y) * (0.55 + 0.45 * Math.exp(-fromSun)));
    const depth = 1 / (0.46 - y);
    const drift = layered(cloud, x * depth * 0.8, depth * 2 + 4, 6);
    const lit: Colour = [0.62, 0.5, 0.6];
    over(lit, [1.35, 0.86, 0.56], Math.exp(-fromSun * 1.1));
    over(on, lit, smoothstep(0.02, 0.5, drift) * 0.7 * smoothstep(0.42, 0.26, y));
    glow(on, sunlight, 1.1 * Math.exp(-fromSun * 8) + 0.3 * Math.exp(-fromSun * 2.4));
  });
}

// --- beds and hills ---

const camera: Camera = { eye: 1.05, horizon: 0.38, view: 0.9, near: 0.75, far: 80, step: 0.0008 };
const bush = createNoise(131);
const hills = createNoise(132);
const FIELD_END = 17;

/** Where a point is between two rows: 0 in the furrow, 1 on the crest. */
function crest(x: number, z: number): number {
  return 0.5 + 0.5 * Math.cos((x + 0.12 * Math.sin(z * 0.35) + 0.5) * Math.PI * 2 * 0.85);
}

function bedHeight(x: number, z: number, footprint: number): number {
  if (z > FIELD_END) return hillHeight(x, z, footprint);
  const round = crest(x, z) ** 0.75;
  const clumps = 0.5 + 0.5 * bush(x * 3.1, z * 2.6);
  const spikes =
    footprint < 0.02 ? Math.max(0, bush(x * 46, z * 46)) + 0.8 * Math.max(0, bush(x * 90, z * 90)) : 0.4;
  return (
    round * (0.24 + 0.14 * clumps + 0.12 * spikes * smoothstep(0.25, 0.7, round)) +
    0.01 * bush(x * 25, z * 25)
  );
}

function hillHeight(x: number, z: number, footprint: number): number {
  const away = z - FIELD_END;
  const trees =
    footprint < 0.06
      ? Math.max(0, hills(x * 1.7, z * 1.7)) * 0.9 + Math.max(0, hills(x * 5, z * 5)) * 0.4
      : 0.3;
  const hedge = smoothstep(0, 0.6, away) * smoothstep(3.2, 1.2, away) * (0.35 + trees * 1.25);
  const rolling = smoothstep(4, 40, away) * (3.4 + 4.6 * layered(hills, x * 0.06 + 2, z * 0.06, 4));
  return hedge + rolling + smoothstep(6, 12, away) * trees * 0.35;
}

const violet = colour("#7a55b8");
const pale = colour("#b79be0");
const stem = colour("#66783f");
const soil = colour("#6d523a");
const green = colour("#43572c");
const air = colour("#d9b99a");

function shadeBed(point: Point, on: Colour): void {
  const { x, z, height, slopeX, slopeZ } = point;
  const steep = Math.hypot(slopeX, slopeZ);
  if (z > FIELD_END) over(on, green, 1);
  else shadePlant(x, z, height, on);
  // The sun stands ahead and to the right: what faces it glows, what faces us is in shade.
  const facing = (0.6 - slopeX * 0.55 + slopeZ * -0.35) / Math.hypot(1, steep);
  const tint: Colour = [0.34, 0.34, 0.5];
  over(tint, [1.55, 1.16, 0.82], smoothstep(-0.25, 0.85, facing));
  on[0] *= tint[0];
  on[1] *= tint[1];
  on[2] *= tint[2];
  over(
    on,
    air,
    (1 - Math.exp(-Math.max(0, z - 3) * 0.018)) * mix(0.55, 0.95, Math.exp(-Math.abs(x / z - 0.25) * 1.5)),
  );
}

function shadePlant(x: number, z: number, height: number, on: Colour): void {
  const tuft = layered(bush, x * 30, z * 30, 3);
  over(on, soil, 1);
  dim(on, 0.7 + 0.5 * tuft);
  over(on, stem, smoothstep(0.06, 0.2, height + tuft * 0.08));
  over(on, violet, smoothstep(0.2, 0.34, height + tuft * 0.1));
  over(on, pale, smoothstep(0.36, 0.52, height + tuft * 0.14) * 0.85);
}
