import sharp, { type Sharp } from "sharp";
import { createRandom, mix, smoothstep } from "./noise.ts";

/** Linear light, three numbers a pixel: sums and glows behave as they do in air, not as in sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly light: Float32Array;
}

/** Linear red, green and blue; 1 is paper white. Changed in place while a pixel is painted. */
export type Colour = [red: number, green: number, blue: number];

export function createPicture(width: number, height: number): Picture {
  return { width, height, light: new Float32Array(width * height * 3) };
}

/** A colour from its sRGB notation, such as `#ffcc88`. */
export function colour(hex: string): Readonly<Colour> {
  const linear = (at: number): number => (Number.parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2;
  return [linear(1), linear(3), linear(5)];
}

/** Lays `paint` over what is there. */
export function over(on: Colour, paint: Readonly<Colour>, share: number): void {
  on[0] = mix(on[0], paint[0], share);
  on[1] = mix(on[1], paint[1], share);
  on[2] = mix(on[2], paint[2], share);
}

/** Adds light of a colour. */
export function glow(on: Colour, light: Readonly<Colour>, amount: number): void {
  on[0] += light[0] * amount;
  on[1] += light[1] * amount;
  on[2] += light[2] * amount;
}

/** Scales to any brightness. */
export function dim(on: Colour, factor: number): void {
  on[0] *= factor;
  on[1] *= factor;
  on[2] *= factor;
}

/**
 * Calls `shade` for every pixel with what is there. `x` and `y` are in picture heights from the upper left, so a
 * scene looks the same at any size.
 */
export function paint(
  picture: Picture,
  shade: (x: number, y: number, on: Colour, column: number, row: number) => void,
): void {
  const { width, height } = picture;
  const on: Colour = [0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      readPixel(picture, column, row, on);
      shade((column + 0.5) / height, (row + 0.5) / height, on, column, row);
      writePixel(picture, column, row, on);
    }
  }
}

export function readPixel({ width, light }: Picture, column: number, row: number, into: Colour): void {
  const at = (row * width + column) * 3;
  into[0] = light[at] ?? 0;
  into[1] = light[at + 1] ?? 0;
  into[2] = light[at + 2] ?? 0;
}

export function writePixel({ width, light }: Picture, column: number, row: number, on: Colour): void {
  light.set(on, (row * width + column) * 3);
}

/** Bilinear, in picture heights; beyond the edge is the edge. */
export function sample({ width, height, light }: Picture, x: number, y: number, into: Colour): void {
  const column = Math.min(width - 1, Math.max(0, x * height - 0.5));
  const row = Math.min(height - 1, Math.max(0, y * height - 0.5));
  const left = Math.floor(column);
  const top = Math.floor(row);
  const right = Math.min(width - 1, left + 1);
  const bottom = Math.min(height - 1, top + 1);
  for (let band = 0; band < 3; band++) {
    const at = (pixelColumn: number, pixelRow: number): number =>
      light[(pixelRow * width + pixelColumn) * 3 + band] ?? 0;
    into[band] = mix(
      mix(at(left, top), at(right, top), column - left),
      mix(at(left, bottom), at(right, bottom), column - left),
      row - top,
    );
  }
}

/** Light scattered in the lens: adds a blurred copy. `radius` in picture heights. */
export function bloom(picture: Picture, radius: number, strength: number): void {
  const factor = Math.max(1, Math.floor((radius * picture.height) / 4));
  const small = shrink(picture, factor);
  for (let pass = 0; pass < 3; pass++) blur(small, Math.max(1, Math.round((radius * small.height) / 2)));
  const halo: Colour = [0, 0, 0];
  paint(picture, (x, y, on) => {
    sample(small, x, y, halo);
    glow(on, halo, strength);
  });
}

/** Turns light into an 8-bit sRGB image as a camera does: shoulder, vignette and a little film grain. */
export function develop(
  picture: Picture,
  look: {
    readonly exposure: number;
    readonly grain: number;
    readonly vignette: number;
    readonly seed: number;
  },
): Sharp {
  const { width, height } = picture;
  const pixels = new Uint8Array(width * height * 3);
  const grain = grainRows(width, height, look.seed);
  paint(picture, (x, y, on, column, row) => {
    const fromCentre = Math.hypot(x - width / height / 2, y - 0.5) / Math.hypot(width / height / 2, 0.5);
    const exposed = look.exposure * (1 - look.vignette * smoothstep(0.45, 1.15, fromCentre));
    const speck = (grain[row * width + column] ?? 0) * look.grain;
    for (let band = 0; band < 3; band++) {
      const tone = shoulder((on[band] ?? 0) * exposed) ** (1 / 2.2);
      // Grain shows in the middle tones and leaves black and white alone.
      pixels[(row * width + column) * 3 + band] = Math.round(
        255 * Math.min(1, Math.max(0, tone + speck * (0.25 + tone * (1 - tone) * 3))),
      );
    }
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

// --- development ---

/** Highlights roll off instead of clipping. */
function shoulder(light: number): number {
  return (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14);
}

/** Grain two pixels wide, as film has it; one pixel wide it would cost most of the file and be gone when resized. */
function grainRows(width: number, height: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const fine = Float32Array.from({ length: width * height }, () => random() + random() - 1);
  const soft = new Float32Array(width * height);
  for (let at = width + 1; at < fine.length; at++)
    soft[at] =
      ((fine[at] ?? 0) + (fine[at - 1] ?? 0) + (fine[at - width] ?? 0) + (fine[at - width - 1] ?? 0)) / 2;
  return soft;
}

// --- blur ---

function shrink(picture: Picture, factor: number): Picture {
  const small = createPicture(Math.ceil(picture.width / factor), Math.ceil(picture.height / factor));
  const counts = new Float32Array(small.width * small.height);
  for (let row = 0; row < picture.height; row++) {
    for (let column = 0; column < picture.width; column++) {
      const to = Math.floor(row / factor) * small.width + Math.floor(column / factor);
      const from = row * picture.width + column;
      counts[to] = (counts[to] ?? 0) + 1;
      for (let band = 0; band < 3; band++)
        small.light[to * 3 + band] =
          (small.light[to * 3 + band] ?? 0) + (picture.light[from * 3 + band] ?? 0);
    }
  }
  for (let at = 0; at < small.light.length; at++)
    small.light[at] = (small.light[at] ?? 0) / (counts[Math.floor(at / 3)] ?? 1);
  return small;
}

function blur(picture: Picture, radius: number): void {
  const { width, height } = picture;
  for (let row = 0; row < height; row++) blurLine(picture.light, row * width * 3, 3, width, radius);
  for (let column = 0; column < width; column++)
    blurLine(picture.light, column * 3, width * 3, height, radius);
}

function blurLine(light: Float32Array, start: number, stride: number, length: number, radius: number): void {
  const edge = (index: number): number => start + Math.min(length - 1, Math.max(0, index)) * stride;
  for (let band = 0; band < 3; band++) {
    const line = Float32Array.from({ length }, (_, index) => light[edge(index) + band] ?? 0);
    const at = (index: number): number => line[Math.min(length - 1, Math.max(0, index))] ?? 0;
    let sum = 0;
    for (let index = -radius; index <= radius; index++) sum += at(index);
    for (let index = 0; index < length; index++) {
      light[edge(index) + band] = sum / (2 * radius + 1);
      sum += at(index + radius + 1) - at(index - radius);
    }
  }
}
