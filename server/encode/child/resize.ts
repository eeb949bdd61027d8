import sharp, { type OutputInfo, type Sharp } from "sharp";
import type { Encoded } from "../encoder.ts";
import { frameName, frameOf, isCropped } from "./frame.ts";
import { decode, type Original } from "./original/original.ts";
import { mayBeGraphic, type Plan, type TransformOptions } from "./plan.ts";

type Step = (image: Sharp, plan: Plan) => Sharp;

/** Only the width: with both, the default fit crops a pixel if the rounded aspect differs. */
const narrow: Step = (image, { width }) => image.resize({ width });

/** Scales the whole and then cuts. A part that is cut first is decoded at full size: eight times the work for a JPEG. */
const cut: Step = (image, { frame }) => {
  const { whole, left, top, width, height } = frame;
  const scaled = image.resize({ ...whole, fit: "fill" });
  return isCropped(frame) ? scaled.extract({ left, top, width, height }) : scaled;
};

const toSize: Step = (image, plan) => (plan.frame.shaped ? cut : narrow)(image, plan);

/** Converts from the embedded profile, if there is one. All metadata is dropped, because a photograph contains its GPS position. */
export function toSrgb(image: Sharp): Sharp {
  return image.toColourspace("srgb");
}

const steps: readonly Step[] = [toSize, toSrgb];

/** The stream from the upright original to the pixels of a tier: nothing is decoded yet. */
export function toTier(original: Original, plan: Plan): Sharp {
  return steps.reduce((image, step) => step(image, plan), decode(original, plan.limits, plan.animated));
}

// --- tiers whose pixels are held ---

export interface Pixels {
  readonly data: Buffer;
  readonly info: OutputInfo;
  /** There is an alpha channel, but every pixel is opaque. */
  readonly opaque: boolean;
  /** A drawing, not a photograph: large areas with few colours. */
  readonly graphic: boolean;
  /** The images that were made from these pixels. */
  readonly encoded: Map<string, Encoded>;
}

/** One decode and resize for each tier, then every format from those pixels; freed after the last output of the tier. */
export class Tiers {
  readonly #original: Original;
  /** By frame name. */
  readonly #left = new Map<string, number>();
  readonly #pixels = new Map<string, Pixels>();

  constructor(original: Original, { outputs }: TransformOptions) {
    this.#original = original;
    for (const output of outputs) {
      const name = frameName(frameOf(original, output));
      this.#left.set(name, (this.#left.get(name) ?? 0) + 1);
    }
  }

  async pixelsFor(plan: Plan): Promise<Omit<Pixels, "data" | "info"> & { readonly image: Sharp }> {
    const name = frameName(plan.frame);
    const pixels =
      this.#pixels.get(name) ?? (await toPixels(toTier(this.#original, plan), mayBeGraphic(this.#original)));
    const left = (this.#left.get(name) ?? 1) - 1;
    this.#left.set(name, left);
    if (left > 0) this.#pixels.set(name, pixels);
    else this.#pixels.delete(name);
    const { data, info, ...traits } = pixels;
    const { width, height, channels } = info;
    return { image: sharp(data, { raw: { width, height, channels } }), ...traits };
  }
}

async function toPixels(image: Sharp, mayBeGraphic: boolean): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const graphic = mayBeGraphic && hasFewColours(data, info.channels);
  return { data, info, opaque: isOpaque(data, info.channels), graphic, encoded: new Map() };
}

/** A photograph has a new colour every few pixels, even a smooth one; a drawing hardly ever. */
const PIXELS_A_COLOUR = 40;

function hasFewColours(data: Buffer, channels: number): boolean {
  const most = Math.max(256, data.length / channels / PIXELS_A_COLOUR);
  const colours = new Set<number>();
  for (let at = 0; at + channels <= data.length; at += channels) {
    colours.add(data.readUIntBE(at, channels));
    if (colours.size > most) return false;
  }
  return true;
}

function isOpaque(data: Buffer, channels: number): boolean {
  if (channels !== 2 && channels !== 4) return false;
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return false;
  return true;
}
