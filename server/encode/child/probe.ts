import sharp, { type ResizeOptions, type Sharp } from "sharp";
import type { MetaField } from "../../../contract/meta.ts";
import { CENTRE } from "../../../contract/url/crop.ts";
import { Problem } from "../../errors.ts";
import type { Description, Tuning } from "../encoder.ts";
import type { SourceLimits } from "../limits.ts";
import { isOutOfMemory } from "../memory/memory-limit.ts";
import { untuned } from "../tuning.ts";
import { percentReadable, percentThere } from "./damage/percent.ts";
import { findFocus } from "./focus.ts";
import { readMeta } from "./metadata/read-meta.ts";
import {
  damaged,
  decode,
  firstPicture,
  makeOrMend,
  type Original,
  openOriginal,
} from "./original/original.ts";
import { toSrgb } from "./resize.ts";
import { tuneOriginal } from "./score/tune.ts";

/** A placeholder is printed into the HTML of each image, so every byte counts. */
export const PLACEHOLDER_BYTES = 150;
const PLACEHOLDER_SIDE = 16;

/** Of the one rendition that is decoded. libvips looks for the focus in 32 × 32 pixels. */
const RENDITION_SIDE = 64;

export interface DescribeOptions {
  readonly limits: SourceLimits;
  /** Maximum bytes, in addition to those of a child at rest. */
  readonly memory: number;
  /** The fields of its metadata that are read. */
  readonly fields: readonly MetaField[];
  readonly tune?: Tuning;
}

/**
 * Size, type, dominant colour, placeholder and focus of a raster original. Runs only in a child process.
 * @throws Problem `unreadable-source`; a library's error if it gets no memory.
 */
export async function describeOriginal(
  bytes: Uint8Array,
  { limits, fields, tune }: DescribeOptions,
): Promise<Description> {
  // Before anything is left out of it.
  const whole = await percentThere(bytes);
  const original = await openOriginal(bytes, limits).catch((cause: unknown) => {
    throw cutOff(whole, cause);
  });
  const { type, width, height, frames, alpha } = original;
  const meta = await readMeta(original.metadata, { fields });
  try {
    const rendition = await shrink(
      original.passedOn === undefined ? original : await firstPicture(original),
      limits,
    );
    const small = await sharp(rendition).resize(inside(PLACEHOLDER_SIDE)).png().toBuffer();
    const { isOpaque, dominant } = await sharp(small).stats();
    return {
      // Of an animation this is the first frame.
      type,
      width,
      height,
      frames,
      alpha: alpha && (frames > 1 || !isOpaque),
      ...(isOpaque && { color: hex(dominant) }),
      ...(await placeholder(sharp(small))),
      whole,
      focus: frames > 1 ? CENTRE : await findFocus(meta.regions, rendition),
      ...(tune !== undefined && (await tuneOriginal(original, limits, tune))),
      meta,
    };
  } catch (cause) {
    // An original that is passed on is not decoded for this: then it has no colour and no placeholder.
    if (original.passedOn !== undefined)
      return { type, width, height, frames, alpha, whole, focus: CENTRE, ...untuned(tune), meta };
    if (isOutOfMemory(cause)) throw cause;
    throw cutOff(await percentReadable(original.bytes), damaged(original, cause));
  }
}

/** If a part of it is missing, that is why it cannot be decoded. */
function cutOff(percent: number, cause: unknown): unknown {
  const isDamaged =
    cause instanceof Problem && cause.code === "unreadable-source" && cause.cause !== undefined;
  if (!isDamaged || percent === 100) return cause;
  const where = percent > 0 ? `its picture ends at ${percent} %` : "a part of its picture is missing";
  return new Problem("unreadable-source", {
    detail: `The original is cut off: ${where}. Upload it again.`,
    cause,
  });
}

function shrink(original: Original, limits: SourceLimits): Promise<Buffer> {
  return makeOrMend(original, limits, (one) =>
    toSrgb(decode(one, limits, false).resize(inside(RENDITION_SIDE)))
      .png()
      .toBuffer(),
  );
}

function inside(side: number): ResizeOptions {
  return { width: side, height: side, fit: "inside", withoutEnlargement: true };
}

function hex({ r, g, b }: { readonly r: number; readonly g: number; readonly b: number }): string {
  return `#${[r, g, b].map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}

async function placeholder(small: Sharp): Promise<Pick<Description, "placeholder">> {
  for (const quality of [20, 10, 1]) {
    const body = await small.clone().webp({ quality, alphaQuality: 20, effort: 6 }).toBuffer();
    if (body.length <= PLACEHOLDER_BYTES) return { placeholder: body.toString("base64") };
  }
  return {};
}
