import sharp, { type OutputInfo, type Sharp } from "sharp";
import { Problem } from "../errors.ts";
import { type EncodedFormat, effortFor } from "./effort.ts";
import type { Encoded, Lane, Output } from "./encoder.ts";
import { type Choice, chooseFormat } from "./format.ts";
import type { SourceLimits } from "./limits.ts";
import { damaged, decode, type Original, openOriginal } from "./original.ts";
import { qualityFor } from "./quality.ts";

export interface TransformOptions {
  readonly outputs: readonly Output[];
  readonly lane: Lane;
  readonly limits: SourceLimits;
  /** 0 to 9 instead of what suits the lane. */
  readonly effort?: number;
}

/**
 * Makes the outputs of one original, in order. Runs only in a child process: a decoder of strangers' bytes may hang or
 * crash, and only a process can be killed.
 * @throws Problem `unsupported-source` or `unreadable-source`.
 */
export async function* transform(bytes: Uint8Array, options: TransformOptions): AsyncGenerator<Encoded> {
  const original = await openOriginal(bytes, options.limits);
  const tiers = new Tiers(original, options);
  for (const output of options.outputs) {
    try {
      yield await make(planOutput(original, output, options), original, tiers);
    } catch (cause) {
      throw cause instanceof Problem ? cause : damaged(original.type, cause);
    }
  }
}

async function make(plan: Plan, original: Original, tiers: Tiers): Promise<Encoded> {
  if (plan.choice.format === "gif" && original.type === "image/gif") return asItIs(original, plan);
  if (plan.animated) return encode(toTier(original, plan), plan);
  // Which format is best may depend on whether the alpha channel hides anything: only the pixels tell.
  if (!original.alpha && !tiers.isShared(plan.width)) return encode(toTier(original, plan), plan);
  const { image, opaque } = await tiers.pixelsFor(plan);
  return opaque ? encode(image.removeAlpha(), plan.withoutAlpha()) : encode(image, plan);
}

// --- the plan of one output ---

interface Plan {
  readonly choice: Choice;
  readonly quality: number;
  readonly effort: number;
  /** Pixels of the output; the height before libvips rounds it. */
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
  readonly limits: SourceLimits;
  /** The plan if it turns out that the alpha channel hides nothing. */
  readonly withoutAlpha: () => Plan;
}

function planOutput(original: Original, output: Output, options: TransformOptions): Plan {
  const { lane, limits } = options;
  const width = widthOf(original, output);
  const height = Math.max(1, Math.round((original.height * width) / original.width));
  const picture = { width, height, alpha: original.alpha, animated: original.frames > 1 };
  const choice = chooseFormat(output.class, picture, lane);
  if (choice === undefined)
    throw new Problem("unreadable-source", {
      detail: `A picture of ${width}×${height} pixels is too large for ${output.class}; ask for a narrower one.`,
    });
  return {
    ...{ choice, width, height, limits },
    quality: output.quality,
    effort: effortFor(choice.format, lane, (width * height) / 1e6, options.effort),
    animated: picture.animated && (choice.format === "webp" || choice.format === "gif"),
    withoutAlpha: () => planOutput({ ...original, alpha: false }, output, options),
  };
}

function widthOf(original: Original, output: Output): number {
  return Math.min(output.width ?? original.width, original.width);
}

// --- the pipeline: from the upright original to the pixels of a tier ---

type Step = (image: Sharp, plan: Plan) => Sharp;

/** Width only: with both, the default fit crops a pixel where the rounded aspect differs. */
const narrow: Step = (image, { width }) => image.resize({ width });

/** From the embedded profile, if there is one. All metadata goes with it: a photograph says where it was taken. */
const toSrgb: Step = (image) => image.toColourspace("srgb");

const steps: readonly Step[] = [narrow, toSrgb];

function toTier(original: Original, plan: Plan): Sharp {
  return steps.reduce((image, step) => step(image, plan), decode(original, plan.limits, plan.animated));
}

// --- the pixels of tiers that more than one output needs ---

interface Pixels {
  readonly data: Buffer;
  readonly info: OutputInfo;
  /** There is an alpha channel and it hides nothing. */
  readonly opaque: boolean;
}

/** One decode and resize a tier, then every format from those pixels; dropped after the last output of the tier. */
class Tiers {
  readonly #original: Original;
  readonly #left = new Map<number, number>();
  readonly #shared: ReadonlySet<number>;
  readonly #pixels = new Map<number, Pixels>();

  constructor(original: Original, { outputs }: TransformOptions) {
    this.#original = original;
    for (const output of outputs) {
      const width = widthOf(original, output);
      this.#left.set(width, (this.#left.get(width) ?? 0) + 1);
    }
    this.#shared = new Set([...this.#left].filter(([, count]) => count > 1).map(([width]) => width));
  }

  isShared(width: number): boolean {
    return this.#shared.has(width);
  }

  async pixelsFor(plan: Plan): Promise<{ readonly image: Sharp; readonly opaque: boolean }> {
    const pixels = this.#pixels.get(plan.width) ?? (await toPixels(toTier(this.#original, plan)));
    const left = (this.#left.get(plan.width) ?? 1) - 1;
    this.#left.set(plan.width, left);
    if (left > 0) this.#pixels.set(plan.width, pixels);
    else this.#pixels.delete(plan.width);
    const { data, info, opaque } = pixels;
    const { width, height, channels } = info;
    return { image: sharp(data, { raw: { width, height, channels } }), opaque };
  }
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, info, opaque: isOpaque(data, info.channels) };
}

function isOpaque(data: Buffer, channels: number): boolean {
  if (channels !== 2 && channels !== 4) return false;
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return false;
  return true;
}

// --- encoders ---

async function encode(image: Sharp, plan: Plan): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const { data, info } = await encoders[format](image, plan.quality, plan.effort).toBuffer({
    resolveWithObject: true,
  });
  return {
    contentType: mediaTypes[format],
    body: data,
    width: info.width,
    height: info.pageHeight ?? info.height,
    effort: plan.effort,
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
