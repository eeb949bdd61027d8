import {
  acceptedBy,
  type EncodedFormat,
  formats,
  isReaderClass,
  type VariantClass,
} from "../../../contract/formats.ts";
import type { Offsets } from "../../../contract/tuning.ts";
import { Problem } from "../../errors.ts";
import type { Lane, Output } from "../encoder.ts";
import type { SourceLimits } from "../limits.ts";
import { avifProblem, type Choice, chooseFormat, type OutputLimits, type Picture } from "./choose-format.ts";
import { effortFor, gainsByThreads } from "./encoder-settings.ts";
import { type Frame, frameName, frameOf } from "./frame.ts";
import type { Copyright } from "./metadata/copyright.ts";

/** A requested output, in the form that a child gets. */
export interface WantedOutput extends Output {
  /** Formats that are excluded, and why, as messages for the reader (reservation.ts). */
  readonly refused: Refusals;
}

export type Refusals = Readonly<Partial<Record<EncodedFormat, string>>>;

export interface TransformOptions {
  readonly outputs: readonly WantedOutput[];
  readonly lane: Lane;
  readonly limits: SourceLimits;
  readonly outputLimits: OutputLimits;
  /** Maximum bytes for the job, in addition to those of a child at rest. */
  readonly memory: number;
  /** 0 to 9 instead of the lane's default. */
  readonly effort?: number;
  /** Of an encoder that gains by them; undefined: one. */
  readonly threads?: number;
  /** Whether the image keeps copyright, artist and licence; no other metadata is ever kept. */
  readonly keepCopyright?: boolean;
}

/** The steps for one output. */
export interface Plan {
  readonly asked: VariantClass;
  readonly choice: Choice;
  readonly lossless: boolean;
  readonly copyright: Copyright | undefined;
  readonly quality: number;
  /** Are added to the quality, by format. */
  readonly offsets: Offsets;
  readonly effort: number;
  readonly threads: number;
  /** The effort of another format for the same pixels. */
  readonly effortOf: (format: EncodedFormat) => number;
  /** See {@link mayBeGraphic}. */
  readonly mayBeGraphic: boolean;
  /** A format of the same look that every reader of the class can show: the smaller file is used. */
  readonly rival: EncodedFormat | undefined;
  /** Pixels of the output. Without a ratio, the height is not yet rounded by libvips. */
  readonly width: number;
  readonly height: number;
  /** The place of these pixels in the photograph. */
  readonly frame: Frame;
  readonly animated: boolean;
  readonly limits: SourceLimits;
  /** The tier's pixels are kept in memory, because several outputs, or several formats of one, can be made from them. */
  readonly holds: boolean;
  /** The plan if the alpha channel turns out to be opaque. */
  readonly withoutAlpha: () => Plan;
}

/** What is planned for. */
export interface Source {
  readonly type: string;
  /** Displayed pixels. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alpha: boolean;
}

export interface PlanOptions extends Omit<TransformOptions, "memory" | "outputs" | "keepCopyright"> {
  /** Is written into each output. */
  readonly copyright?: Copyright;
  /** All outputs of the job, because several can be made from the same pixels. */
  readonly outputs: readonly Output[];
}

/** @throws Problem `impossible-variant` if no requested format can hold the image. */
export function planOutput(source: Source, output: WantedOutput, options: PlanOptions): Plan {
  const picture = pictureOf(source, frameOf(source, output));
  const choice = chooseFormat(output.class, picture, options.lane, [
    avifProblem(picture, options.outputLimits),
    (format) => output.refused[format],
  ]);
  if ("refusal" in choice) throw new Problem("impossible-variant", { detail: choice.refusal });
  return {
    ...planAs(choice, source, output, options),
    withoutAlpha: () => planOutput({ ...source, alpha: false }, output, options),
  };
}

/** The steps for an output in a format. */
export function planAs(
  choice: Choice,
  source: Source,
  output: Output,
  options: PlanOptions,
): Omit<Plan, "withoutAlpha"> {
  const frame = frameOf(source, output);
  const picture = pictureOf(source, frame);
  const { width, height } = picture;
  const rival = rivalOf(choice, source, output, picture, options.lane);
  const effortOf = (format: EncodedFormat) =>
    effortFor(format, options.lane, (width * height) / 1e6, options.effort);
  return {
    asked: output.class,
    choice,
    lossless: false,
    width,
    height,
    quality: output.quality,
    offsets: output.offsets ?? {},
    frame,
    limits: options.limits,
    copyright: options.copyright,
    effort: effortOf(choice.format),
    threads: gainsByThreads(choice.format, picture) ? (options.threads ?? 1) : 1,
    effortOf,
    mayBeGraphic: mayBeGraphic(source),
    rival,
    animated: picture.animated && formats[choice.format].animation,
    holds: holdsPixels(source, frame, rival, options),
  };
}

/** Up to this size, a JPEG beside the WebP adds a twelfth to a reader's wait. A third of such JPEGs are smaller, by 10 %. */
const LIVE_RIVAL_PIXELS = 250_000;

/**
 * Of a photograph with fine detail a JPEG can have fewer bytes than a WebP. Of a graphic it has more, and looks worse. An explicit
 * format is kept, and so is a substitute: its AVIF follows.
 */
function rivalOf(
  { format, substitute }: Choice,
  source: Source,
  output: Output,
  { width, height, alpha, animated }: Picture,
  lane: Lane,
): EncodedFormat | undefined {
  if (format !== "webp" || !isReaderClass(output.class) || substitute) return undefined;
  if (alpha || animated || mayBeGraphic(source)) return undefined;
  return lane === "warm" || width * height <= LIVE_RIVAL_PIXELS ? "jpg" : undefined;
}

/** The plan for the format that may be smaller at the same look; empty if there is none. */
export function rivalPlans<Any extends Pick<Plan, "rival" | "choice" | "effort" | "effortOf">>(
  plan: Any,
): Any[] {
  if (plan.rival === undefined) return [];
  const choice = { ...plan.choice, format: plan.rival };
  return [{ ...plan, choice, effort: plan.effortOf(plan.rival), rival: undefined }];
}

function pictureOf({ alpha, frames }: Source, { width, height }: Frame): Picture {
  return { width, height, alpha, animated: frames > 1 };
}

/** Keeps the edges of line art if that costs nothing: a lossless format is tried too, and the smaller result is used. */
export function losslessPlans<Any extends Pick<Plan, LosslessNeeds>>(plan: Any): Any[] {
  const { format } = plan.choice;
  const asWebp = format === "webp" || (format === "avif" && acceptedBy(plan.asked).includes("webp"));
  const asPng = format === "png" || (format === "jpg" && plan.asked === "auto");
  const lossless = asWebp ? "webp" : "png";
  if ((!asWebp && !asPng) || Math.max(plan.width, plan.height) > formats[lossless].maxSide) return [];
  const choice = { ...plan.choice, format: lossless } as const;
  return [{ ...plan, lossless: true, choice, effort: plan.effortOf(lossless), threads: 1 }];
}

type LosslessNeeds = "asked" | "choice" | "lossless" | "width" | "height" | "effortOf";

// --- pixels that are held ---

/** More would be 48 MB and up in one allocation: such outputs are streamed, with one decode each. */
const MOST_HELD_PIXELS = 16_000_000;

/** Whether several outputs, or several formats of one, can be made from a tier's pixels. */
function holdsPixels(
  source: Source,
  frame: Frame,
  rival: EncodedFormat | undefined,
  { outputs }: PlanOptions,
): boolean {
  if (frame.width * frame.height > MOST_HELD_PIXELS) return false;
  return source.alpha || mayBeGraphic(source) || rival !== undefined || isShared(source, frame, outputs);
}

function isShared(source: Source, frame: Frame, outputs: readonly Output[]): boolean {
  if (outputs.length < 2) return false;
  const name = frameName(frame);
  return outputs.filter((other) => frameName(frameOf(source, other)) === name).length > 1;
}

/** A camera writes JPEG; a PNG or GIF may be a screenshot, a chart, a drawing, or also a photograph. */
export function mayBeGraphic({ type }: Pick<Source, "type">): boolean {
  return type === "image/png" || type === "image/gif";
}
