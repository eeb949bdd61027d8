import sharp, { type OutputInfo, type Sharp } from "sharp";
import type { VariantClass } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { type EncodedFormat, effortFor } from "./effort.ts";
import type { Encoded, Lane, Output } from "./encoder.ts";
import { type Choice, chooseFormat } from "./format.ts";
import type { SourceLimits } from "./limits.ts";
import { damaged, decode, type Original, openOriginal } from "./original.ts";
import { qualityFor } from "./quality.ts";
import { type Rights, writeRights } from "./rights.ts";

export interface TransformOptions {
  readonly outputs: readonly Output[];
  readonly lane: Lane;
  readonly limits: SourceLimits;
  /** 0 to 9 instead of what suits the lane. */
  readonly effort?: number;
  /** Whether copyright, artist and licence go out with the picture; nothing else ever does. */
  readonly keepRights?: boolean;
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
  const needsPixels = original.alpha || mayBeGraphic(original) || tiers.isShared(plan.width);
  if (!needsPixels) return encode(toTier(original, plan), plan);
  const { image, opaque, graphic } = await tiers.pixelsFor(plan);
  // Which format is best may depend on whether the alpha channel hides anything: only the pixels tell.
  const [settled, visible] = opaque ? [plan.withoutAlpha(), image.removeAlpha()] : [plan, image];
  if (!graphic) return encode(visible, settled);
  const made: Encoded[] = [];
  for (const one of [settled, ...losslessPlans(settled)]) made.push(await encode(visible.clone(), one));
  return made.reduce((best, one) => (one.body.length < best.body.length ? one : best));
}

/** Line art keeps its edges where that costs nothing: a lossless format may be tried, and the smaller one goes out. */
function losslessPlans(plan: Plan): Plan[] {
  const { format } = plan.choice;
  const asWebp = format === "webp" || (format === "avif" && plan.asked === "auto-aw");
  const asPng = format === "png" || (format === "jpg" && plan.asked === "auto");
  if (!asWebp && !asPng) return [];
  return [{ ...plan, lossless: true, choice: { ...plan.choice, format: asWebp ? "webp" : "png" } }];
}

// --- the plan of one output ---

interface Plan {
  readonly asked: VariantClass;
  readonly choice: Choice;
  readonly lossless: boolean;
  readonly rights: Rights | undefined;
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
    ...{ asked: output.class, choice, lossless: false, width, height, limits },
    rights: options.keepRights ? original.rights : undefined,
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
  /** Drawn, not photographed: large areas of few colours. */
  readonly graphic: boolean;
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

  async pixelsFor(plan: Plan): Promise<Omit<Pixels, "data" | "info"> & { readonly image: Sharp }> {
    const pixels =
      this.#pixels.get(plan.width) ??
      (await toPixels(toTier(this.#original, plan), mayBeGraphic(this.#original)));
    const left = (this.#left.get(plan.width) ?? 1) - 1;
    this.#left.set(plan.width, left);
    if (left > 0) this.#pixels.set(plan.width, pixels);
    else this.#pixels.delete(plan.width);
    const { data, info, ...traits } = pixels;
    const { width, height, channels } = info;
    return { image: sharp(data, { raw: { width, height, channels } }), ...traits };
  }
}

async function toPixels(image: Sharp, mayBeGraphic: boolean): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const graphic = mayBeGraphic && hasFewColours(data, info.channels);
  return { data, info, opaque: isOpaque(data, info.channels), graphic };
}

/** A camera writes JPEG; PNG and GIF may be a screenshot, a chart, a drawing, or a photograph all the same. */
function mayBeGraphic({ type }: Original): boolean {
  return type === "image/png" || type === "image/gif";
}

/** A photograph has a new colour every few pixels, even a smooth one; a drawing hardly any. */
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

// --- encoders ---

async function encode(image: Sharp, plan: Plan): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const encoded = encoders[format](image, plan);
  const { data, info } = await (plan.rights ? writeRights(encoded, plan.rights) : encoded).toBuffer({
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

/** From this quality on WebP's halved colour is what one sees first: better averaged, it saves up to a fifth. */
const SHARP_CHROMA = 70;

/** From this `q` on a PNG keeps every colour; below it a palette of fewer. */
const LOSSLESS_PNG = 80;

const encoders: Readonly<Record<EncodedFormat, (image: Sharp, plan: Plan) => Sharp>> = {
  avif: (image, { quality, effort }) => image.avif({ quality: qualityFor("avif", quality), effort }),
  webp: (image, { quality, effort, lossless }) => {
    if (lossless) return image.webp({ lossless, effort: 4 });
    const own = qualityFor("webp", quality);
    return image.webp({ quality: own, effort, smartSubsample: own >= SHARP_CHROMA });
  },
  jpg: (image, { quality }) =>
    image.flatten({ background: "#ffffff" }).jpeg({ quality: qualityFor("jpg", quality), mozjpeg: true }),
  png: (image, { quality, lossless }) =>
    lossless || quality >= LOSSLESS_PNG ? image.png() : image.png({ palette: true, quality, effort: 1 }),
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
