import { type EncodedFormat, isReaderClass } from "../../../contract/formats.ts";
import { Problem } from "../../errors.ts";
import { bytesIn, type Pieces } from "../../formats/pieces.ts";
import { sniff } from "../../formats/sniff.ts";
import { gainsByThreads } from "../child/encoder-settings.ts";
import { frameName, frameOf } from "../child/frame.ts";
import {
  losslessPlans,
  mayBeGraphic,
  type Plan,
  type PlanOptions,
  planAs,
  planOutput,
  type Refusals,
  rivalPlans,
  type Source,
  type WantedOutput,
} from "../child/plan.ts";
import type { Output } from "../encoder.ts";
import { passedOnReason, type SourceLimits } from "../limits.ts";
import {
  bytesOfThread,
  bytesToHold,
  bytesToMake,
  bytesToPassOn,
  bytesToScore,
  inMebibytes,
  type Making,
  memoryProblem,
} from "./estimate.ts";
import { type Layout, readLayout } from "./layout.ts";

/** The memory of a job, and the outputs that it makes. */
export interface Reservation {
  /** All outputs, or only the first if all would need too much or one of them is impossible. */
  readonly outputs: readonly WantedOutput[];
  /** Bytes in addition to those of a child at rest. */
  readonly bytes: number;
  /** More bytes for each thread beyond the first; undefined if no encoder of the job gains by threads. */
  readonly bytesPerThread?: number;
}

/**
 * The memory of a job, from the original's header; formats that would need more than a job may use can be left out. If the header
 * cannot be read, the maximum of a job.
 * @param most maximum bytes of a job.
 * @throws Problem `impossible-variant` if the first output alone would need more, or no format can hold it;
 *   `unreadable-source` as {@link reserveDecoding}.
 */
export function reserveOutputs(
  original: Pieces,
  outputs: readonly Output[],
  options: Omit<PlanOptions, "outputs">,
  most: number,
): Reservation {
  const [head] = original;
  const originalBytes = bytesIn(original);
  const layout = readLayout(sniff(head).type, head);
  if (layout === undefined)
    return { outputs: outputs.map((output) => ({ ...output, refused: {} })), bytes: most };
  if (passedOnReason(layout, options.limits) !== undefined)
    return {
      outputs: outputs.map((output) => ({ ...output, refused: {} })),
      bytes: bytesToPassOn(originalBytes),
    };
  reserveDecoding(originalBytes, most, layout);
  const job = { sources: possibleSources(layout), layout, originalBytes, options, most };
  try {
    const all = reserve(job, outputs);
    if (all.bytes <= most) return all;
  } catch (error) {
    if (outputs.length === 1) throw error;
  }
  return reserve(job, outputs.slice(0, 1));
}

/**
 * The bytes for describing an original; for one that is passed on at most the maximum of a job.
 * @throws Problem `unreadable-source` as {@link reserveDecoding}.
 */
export function reserveDescription(
  original: Pieces,
  most: number,
  limits: SourceLimits,
  tune = false,
): number {
  const [head] = original;
  const originalBytes = bytesIn(original);
  const layout = readLayout(sniff(head).type, head);
  const isPassedOn = layout !== undefined && passedOnReason(layout, limits) !== undefined;
  if (!isPassedOn)
    return Math.min(
      most,
      reserveDecoding(originalBytes, most, layout) + bytesToCount(layout) + (tune ? TUNE_BYTES : 0),
    );
  return Math.min(most, bytesToMake(layout, originalBytes, smallest));
}

/**
 * The bytes for comparing two pictures; the original's file is held twice.
 * @throws Problem `impossible-variant` if they exceed the maximum of a job.
 */
export function reserveScore(original: Uint8Array, picture: Uint8Array, most: number): number {
  const [first, second] = [original, picture].map((file) => readLayout(sniff(file).type, file));
  if (first === undefined || second === undefined) return most;
  const bytes = bytesToScore([first, second], 2 * original.byteLength + picture.byteLength);
  if (bytes <= most) return bytes;
  throw new Problem("impossible-variant", {
    detail: `Comparing the two would need ${inMebibytes(bytes)} of memory; the limit for an image is ${inMebibytes(most)} (ENCODER_MEMORY).`,
  });
}

/**
 * The bytes for the smallest image of an original.
 * @throws Problem `unreadable-source` if they exceed the maximum of a job: no variant can be made.
 */
function reserveDecoding(originalBytes: number, most: number, layout: Layout | undefined): number {
  if (layout === undefined) return most;
  const bytes = bytesToMake(layout, originalBytes, smallest);
  if (bytes <= most) return bytes;
  throw new Problem("unreadable-source", {
    detail: `Decoding the original needs ${inMebibytes(bytes)} of memory; the limit for an image is ${inMebibytes(most)} (ENCODER_MEMORY).`,
  });
}

/** The largest AVIF of child/score/tune.ts, and two pictures while they are compared. */
const TUNE_BYTES = 1200 * 1800 * (56 + 2 * 16 + 6);

/** Of each coefficient of a JPEG in several scans a bit is kept while the blocks are counted (child/damage/). */
function bytesToCount(layout: Layout | undefined): number {
  if (layout?.type !== "image/jpeg" || !layout.whole) return 0;
  return Math.ceil((layout.samples * layout.width * layout.height) / 8);
}

const smallest: Making = {
  format: "png",
  width: 16,
  height: 16,
  quality: 100,
  effort: 0,
  mayBeGraphic: false,
  frame: frameOf({ width: 16, height: 16 }, {}),
  lossless: true,
  animated: false,
  holds: false,
};

// --- outputs ---

interface JobToCome {
  readonly sources: readonly Source[];
  readonly layout: Layout;
  readonly originalBytes: number;
  readonly options: Omit<PlanOptions, "outputs">;
  readonly most: number;
}

/** The output that needs most, and the pixels that are kept for others meanwhile. */
function reserve(job: JobToCome, asked: readonly Output[]): Reservation {
  const outputs = asked.map((output) => ({ ...output, refused: refusalsFor(job, output, asked) }));
  const threaded: number[] = [];
  const sums = job.sources.map((source) => {
    const plans = outputs.map((output) => planOutput(source, output, { ...job.options, outputs }));
    threaded.push(...plans.filter((plan) => gainsByThreads(plan.choice.format, plan)).map(bytesOfThread));
    const frames = plans.map(({ frame }) => frameName(frame));
    const held = plans.filter(({ holds }, at) => holds && frames.indexOf(frames[at] ?? "") < at);
    const most = Math.max(...plans.map((plan) => bytesOf(job, source, plan)));
    return most + held.reduce((sum, plan) => sum + bytesToHold(plan), 0);
  });
  const bytes = Math.max(...sums);
  return threaded.length === 0
    ? { outputs, bytes }
    : { outputs, bytes, bytesPerThread: Math.max(...threaded) };
}

const formats: readonly EncodedFormat[] = ["avif", "webp", "jpg", "png", "gif"];

/** The formats that would need too much. */
function refusalsFor(job: JobToCome, output: Output, outputs: readonly Output[]): Refusals {
  const possible = isReaderClass(output.class) ? formats : [output.class];
  const problems = possible.map((format) => {
    const plans = job.sources.map((source) => ({
      source,
      plan: planAs({ format, substitute: false }, source, output, { ...job.options, outputs }),
    }));
    const bytes = Math.max(...plans.map(({ source, plan }) => bytesOf(job, source, plan)));
    return [format, memoryProblem(bytes, job.most)] as const;
  });
  return Object.fromEntries(problems.filter(([, problem]) => problem !== undefined));
}

/** Including the other formats that are tried beside it. */
function bytesOf(
  { layout, originalBytes }: JobToCome,
  source: Source,
  plan: Omit<Plan, "withoutAlpha">,
): number {
  const lossless = plan.holds && mayBeGraphic(source) ? losslessPlans(plan) : [];
  return Math.max(
    ...[plan, ...lossless, ...rivalPlans(plan)].map((one) =>
      bytesToMake(layout, originalBytes, { ...one, format: one.choice.format }),
    ),
  );
}

/** Facts that the header may not decide: whether EXIF rotates it by 90°, whether it has an alpha channel, whether it is animated. */
function possibleSources({ type, width, height, frames, turned }: Layout): Source[] {
  const stored = { type, width, height, frames };
  const sizes = turned ? [stored, { ...stored, width: height, height: width }] : [stored];
  const moving = type === "image/gif" ? sizes.flatMap((one) => [one, { ...one, frames: 2 }]) : sizes;
  const alphas = type === "image/jpeg" ? [false] : [false, true];
  return moving.flatMap((source) => alphas.map((alpha) => ({ ...source, alpha })));
}
