import sharp, { type OutputInfo, type Sharp } from "sharp";
import { Problem } from "../errors.ts";
import { type EncodedFormat, effortFor } from "./effort.ts";
import type { Encoded, Lane, Output } from "./encoder.ts";
import { type Choice, chooseFormat } from "./format.ts";
import type { SourceLimits } from "./limits.ts";
import { damaged, decode, type Original, openOriginal } from "./original.ts";
import { qualityFor } from "./quality.ts";

/**
 * Makes the outputs of one original, in order. Runs only in a child process: a decoder of strangers' bytes may hang or
 * crash, and only a process can be killed.
 * @throws Problem `unsupported-source` or `unreadable-source`.
 */
export async function* transform(
  bytes: Uint8Array,
  outputs: readonly Output[],
  lane: Lane,
  limits: SourceLimits,
): AsyncGenerator<Encoded> {
  const original = await openOriginal(bytes, limits);
  const tiers = new Map<number, Promise<Pixels>>();
  for (const [index, output] of outputs.entries()) {
    const plan = planOutput(original, output, lane);
    const again = outputs.slice(index + 1).some((later) => widthOf(original, later) === plan.width);
    try {
      yield await make(plan, again, tiers);
    } catch (cause) {
      throw cause instanceof Problem ? cause : damaged(original.type, cause);
    }
    if (!again) tiers.delete(plan.width);
  }

  /** One decode and resize a tier, then every format from those pixels; a tier of one format streams through. */
  async function make(plan: Plan, again: boolean, tiers: Map<number, Promise<Pixels>>): Promise<Encoded> {
    if (plan.choice.format === "gif" && original.type === "image/gif") return asItIs(original, plan);
    if (plan.animated) return encode(resized(plan), plan);
    const needsPixels = again || tiers.has(plan.width) || original.alpha;
    if (!needsPixels) return encode(resized(plan), plan);
    const pixels = tiers.get(plan.width) ?? toPixels(resized(plan));
    tiers.set(plan.width, pixels);
    const { data, info, opaque } = await pixels;
    const settled = opaque
      ? { ...plan, choice: planOutput({ ...original, alpha: false }, plan.output, lane).choice }
      : plan;
    const image = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
    return encode(opaque ? image.removeAlpha() : image, settled);
  }

  function resized(plan: Plan): Sharp {
    return steps.reduce((image, step) => step(image, plan), decode(original, limits, plan.animated));
  }
}

// --- the plan of one output ---

interface Plan {
  readonly output: Output;
  readonly choice: Choice;
  readonly lane: Lane;
  /** Pixels of the output, before rounding by libvips. */
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
}

function planOutput(original: Original, output: Output, lane: Lane): Plan {
  const width = widthOf(original, output);
  const height = Math.max(1, Math.round((original.height * width) / original.width));
  const picture = { width, height, alpha: original.alpha, animated: original.frames > 1 };
  const choice = chooseFormat(output.class, picture, lane);
  if (choice === undefined)
    throw new Problem("unreadable-source", {
      detail: `The picture is too large for ${output.class} (${width}×${height}); ask for a narrower one or leave out fm.`,
    });
  const animated = picture.animated && (choice.format === "webp" || choice.format === "gif");
  return { output, choice, lane, width, height, animated };
}

function widthOf(original: Original, output: Output): number {
  return Math.min(output.width ?? original.width, original.width);
}

// --- the pipeline: from the upright original to the pixels of a tier ---

type Step = (image: Sharp, plan: Plan) => Sharp;

/** Width only: with both, the default fit crops a pixel where the rounded aspect differs. */
const narrow: Step = (image, { width }) => image.resize({ width, withoutEnlargement: true });

/** From the embedded profile, if there is one. All metadata goes with it: a photograph says where it was taken. */
const toSrgb: Step = (image) => image.toColourspace("srgb");

const steps: readonly Step[] = [narrow, toSrgb];

interface Pixels {
  readonly data: Buffer;
  readonly info: OutputInfo;
  /** An alpha channel that hides nothing. */
  readonly opaque: boolean;
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  return { data, info, opaque: hasAlpha(info.channels) && isOpaque(data, info.channels) };
}

function hasAlpha(channels: number): boolean {
  return channels === 2 || channels === 4;
}

function isOpaque(data: Buffer, channels: number): boolean {
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return false;
  return true;
}

// --- encoders ---

async function encode(image: Sharp, plan: Plan): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const effort = effortFor(format, plan.lane, (plan.width * plan.height) / 1e6);
  const { data, info } = await encoders[format](image, plan.output.quality, effort).toBuffer({
    resolveWithObject: true,
  });
  return {
    contentType: mediaTypes[format],
    body: data,
    width: info.width,
    height: info.pageHeight ?? info.height,
    effort,
    substitute,
  };
}

const mediaTypes = {
  avif: "image/avif",
  webp: "image/webp",
  jpg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
} as const satisfies Readonly<Record<EncodedFormat, string>>;

/** From this `q` on a PNG keeps every colour; below it a palette of fewer. */
const LOSSLESS_PNG = 80;

const encoders: Readonly<Record<EncodedFormat, (image: Sharp, q: number, effort: number) => Sharp>> = {
  avif: (image, q, effort) => image.avif({ quality: qualityFor("avif", q), effort }),
  webp: (image, q, effort) => image.webp({ quality: qualityFor("webp", q), effort }),
  jpg: (image, q) =>
    image.flatten({ background: "#ffffff" }).jpeg({ quality: qualityFor("jpg", q), mozjpeg: true }),
  png: (image, q) => (q >= LOSSLESS_PNG ? image.png() : image.png({ palette: true, quality: q, effort: 1 })),
  gif: (image) => image.gif({ effort: 1 }),
};

function asItIs(original: Original, plan: Plan): Encoded {
  return {
    contentType: original.type,
    body: original.bytes,
    width: original.width,
    height: original.height,
    effort: 0,
    substitute: plan.choice.substitute,
  };
}
