import sharp, { type Sharp } from "sharp";
import { createNoise, layered, mix, smoothstep } from "./noise.ts";

/** A boat folded from squared paper, cut out, with its shadow: for alpha. */
export function drawPaperBoat(width: number): Sharp {
  const height = Math.round(width * 0.75);
  const pixels = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      pixels.set(
        shadePixel((column + 0.5) / width, (row + 0.5) / width, 1 / width),
        (row * width + column) * 4,
      );
  return sharp(pixels, { raw: { width, height, channels: 4 } });
}

type Spot = readonly [x: number, y: number];

interface Face {
  /** Clockwise. */
  readonly corners: readonly Spot[];
  /** Brightness, and how much it changes down the face. */
  readonly light: number;
  readonly falloff: number;
  /** Angle of the paper's squares. */
  readonly turn: number;
}

/** Back to front, in picture widths. */
const faces: readonly Face[] = [
  {
    corners: [
      [0.07, 0.335],
      [0.5, 0.4],
      [0.93, 0.335],
      [0.71, 0.55],
      [0.29, 0.55],
    ],
    light: 0.6,
    falloff: -0.5,
    turn: 0.1,
  },
  {
    corners: [
      [0.5, 0.07],
      [0.5, 0.56],
      [0.275, 0.5],
    ],
    light: 0.99,
    falloff: -0.22,
    turn: 0.62,
  },
  {
    corners: [
      [0.5, 0.07],
      [0.735, 0.5],
      [0.5, 0.56],
    ],
    light: 0.8,
    falloff: -0.2,
    turn: -0.62,
  },
  {
    corners: [
      [0.07, 0.335],
      [0.5, 0.475],
      [0.5, 0.655],
      [0.255, 0.625],
    ],
    light: 0.95,
    falloff: -0.3,
    turn: 0.32,
  },
  {
    corners: [
      [0.93, 0.335],
      [0.745, 0.625],
      [0.5, 0.655],
      [0.5, 0.475],
    ],
    light: 0.74,
    falloff: -0.25,
    turn: -0.32,
  },
];

const fibre = createNoise(77);

function shadePixel(x: number, y: number, pixel: number): readonly number[] {
  let alpha = 0.5 * Math.exp(-(((x - 0.52) / 0.27) ** 2 * 1.6 + ((y - 0.652) / 0.035) ** 2));
  let tone = [24, 30, 52];
  for (const face of faces) {
    const share = smoothstep(-pixel, pixel, insideBy(face.corners, x, y));
    if (share === 0) continue;
    const paper = shadePaper(face, x, y, pixel);
    const covered = share + alpha * (1 - share);
    tone = tone.map((band, at) => mix(band, paper[at] ?? 0, share / covered));
    alpha = covered;
  }
  return [...tone.map(Math.round), Math.round(alpha * 255)];
}

function shadePaper(face: Face, x: number, y: number, pixel: number): readonly number[] {
  const wrinkle = layered(fibre, x * 9 + face.turn * 20, y * 9, 5);
  const tooth = layered(fibre, x * 260, y * 260, 2);
  const top = face.corners[0]?.[1] ?? 0;
  const light = face.light + face.falloff * (y - top) + wrinkle * 0.035 + tooth * 0.018;
  // A bright line where the paper is folded.
  const crease =
    0.08 * Math.exp(-Math.abs(x - 0.5) / 0.0022) -
    0.05 * Math.exp(-Math.abs(insideBy(face.corners, x, y) - 0.006) / 0.004);
  const ruled = Math.max(ruling(face, x, y, pixel, 0), ruling(face, x, y, pixel, Math.PI / 2)) * 0.42;
  const lit = light + crease;
  return [
    clamp(252 * lit - 92 * ruled),
    clamp(249 * lit - 58 * ruled),
    clamp((240 + 12 * (1 - face.light)) * lit - 18 * ruled),
  ];
}

function ruling(face: Face, x: number, y: number, pixel: number, turn: number): number {
  const along = (x - 0.5) * Math.cos(face.turn + turn) + (y - 0.5) * Math.sin(face.turn + turn);
  const away = Math.abs(((((along / 0.021) % 1) + 1.5) % 1) - 0.5) * 0.021;
  return smoothstep(0.0011 + pixel, 0.0011 - pixel, away);
}

/** Distance to the nearest edge of a clockwise polygon that is convex where it matters; negative outside. */
function insideBy(corners: readonly Spot[], x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  let crossings = false;
  for (const [index, from] of corners.entries()) {
    const to = corners[(index + 1) % corners.length] ?? from;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const along = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy);
    const share = Math.min(1, Math.max(0, along));
    nearest = Math.min(nearest, Math.hypot(x - from[0] - share * dx, y - from[1] - share * dy));
    if (from[1] > y !== to[1] > y && x < from[0] + ((y - from[1]) / dy) * dx) crossings = !crossings;
  }
  return crossings ? nearest : -nearest;
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, value));
}
