import sharp, { type Metadata, type Sharp } from "sharp";
import { Problem } from "../../../errors.ts";
import { readSize } from "../../../formats/dimensions.ts";
import { readSequence } from "../../../formats/sequence.ts";
import { sniff } from "../../../formats/sniff.ts";
import { limitProblem, passedOnReason, type SourceLimits } from "../../limits.ts";
import { isOutOfMemory } from "../../memory/memory-limit.ts";
import { type Coloured, type Colours, withColours } from "../colour/colours.ts";
import { blocksOf, type MetadataBlocks } from "../metadata/blocks.ts";
import { withTurnedAlpha } from "./avif-meta.ts";
import { clearCanvas } from "./gif-canvas.ts";
import { endGif } from "./gif-end.ts";
import { leanOriginal } from "./lean.ts";
import { type FailOn, mendings } from "./mend.ts";
import { peculiarityOf } from "./peculiar.ts";
import { withStraightAlpha } from "./straight-alpha.ts";

/** An original whose header was read and is within the limits. */
export interface Original {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Displayed pixels. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alpha: boolean;
  /** Its metadata are read from these, if they are asked for. */
  readonly metadata: MetadataBlocks;
  /** How its pixels become sRGB. */
  readonly colours: Colours;
  /** How strict the decoder is. */
  readonly failOn: FailOn;
  /** Why it is passed on unchanged, as a message for the reader; undefined if it is encoded. */
  readonly passedOn: string | undefined;
}

/**
 * Reads the header of an original that was accepted by its first bytes; no pixel is decoded yet.
 * @param whole changed if {@link leanOriginal} removes something.
 * @throws Problem `unreadable-source`.
 */
export async function openOriginal(whole: Uint8Array, limits: SourceLimits): Promise<Original> {
  const { type } = sniff(whole);
  const lean = leanOriginal(type, type === "image/gif" ? endGif(whole) : whole);
  const original = (await readStoredSequence(type, lean)) ?? (await readStill(type, lean));
  const problem = limitProblem(original, limits) ?? passingProblem(original, limits);
  if (problem !== undefined) throw new Problem("unreadable-source", { detail: problem });
  const { multipliedFrom, ...opened } = { ...original, passedOn: passedOnReason(original, limits) };
  if (multipliedFrom === undefined) return opened;
  return withStraightAlpha(opened, multipliedFrom, limits).catch((cause: unknown) => {
    throw damaged(opened, cause);
  });
}

/** What is read from a file before its limits are checked. */
type Read = Omit<Original, "passedOn"> & Pick<Coloured, "multipliedFrom">;

/** An animation is passed on whole to each reader: a large one would be a film. */
function passingProblem(original: Read, limits: SourceLimits): string | undefined {
  const reason = passedOnReason(original, limits);
  const { byteLength } = original.bytes;
  if (reason === undefined || byteLength <= limits.passThroughBytes) return undefined;
  return `${reason} It has ${byteLength} bytes; up to ${limits.passThroughBytes} (PASS_THROUGH_BYTES) it would be passed on unchanged.`;
}

async function readStill(type: string, stored: Uint8Array): Promise<Read> {
  const bytes = type === "image/avif" ? withTurnedAlpha(stored) : stored;
  const header = await readHeader(bytes).catch((cause: unknown) => {
    throw damaged({ type, bytes }, cause);
  });
  const canvas = type === "image/gif" ? clearCanvas(bytes) : { bytes, alpha: false };
  const size = shownSize(type, header);
  return {
    ...(await withColours(type, canvas.bytes, header)),
    type,
    ...size,
    alpha: header.hasAlpha || canvas.alpha,
    metadata: { ...blocksOf(header), ...(size.frames > 1 && { orientation: 1 }) },
    failOn: "error",
  };
}

/** An animated PNG or AVIF, of which libvips decodes only a still, or nothing. */
async function readStoredSequence(type: string, bytes: Uint8Array): Promise<Read | undefined> {
  const sequence = readSequence(type, bytes);
  const size = readSize(type, bytes);
  if (sequence === undefined || size === undefined) return undefined;
  const header = await readHeader(bytes).catch(() => undefined);
  const metadata = { ...(header && blocksOf(header)), ...size, orientation: 1 };
  const colours = { ignoreIcc: false, space: undefined };
  return { bytes, type, ...size, ...sequence, metadata, colours, multipliedFrom: undefined, failOn: "error" };
}

/** The first picture of an animation that is passed on, in a copy with the profile that its colours need. */
export async function firstPicture(original: Original): Promise<Original> {
  const { type, bytes } = original;
  const { multipliedFrom: _, ...coloured } = await withColours(
    type,
    Buffer.from(bytes),
    await readHeader(bytes),
  );
  return { ...original, ...coloured };
}

/** Browsers play an animation as it is stored, and ignore its EXIF orientation. */
function shownSize(type: string, header: Metadata): Pick<Original, "width" | "height" | "frames"> {
  const frames = type === "image/gif" || type === "image/webp" ? (header.pages ?? 1) : 1;
  const { width, height } = frames > 1 ? header : header.autoOrient;
  return { width, height, frames };
}

function readHeader(bytes: Uint8Array): Promise<Metadata> {
  return sharp(bytes, { limitInputPixels: false, failOn: "error" }).metadata();
}

/** A sharp pipeline over the original, upright. libvips checks the limit again, because headers can have a wrong number of frames. */
export function decode(original: Original, limits: SourceLimits, animated: boolean): Sharp {
  const { ignoreIcc, space } = original.colours;
  const image = sharp(original.bytes, {
    autoOrient: original.frames === 1,
    pages: animated ? original.frames : 1,
    failOn: original.failOn,
    limitInputPixels: animated ? limits.animationPixels : limits.pixels,
    sequentialRead: true,
    ignoreIcc,
  });
  return space === undefined ? image : image.pipelineColourspace(space);
}

/**
 * The original for a second try after a failed decode: unchanged if the failure was not its fault; without damage that browsers
 * ignore, if all of its pixels exist; undefined if it cannot be decoded.
 */
export async function findDecodable(original: Original, limits: SourceLimits): Promise<Original | undefined> {
  if (await isDecodable(original, limits)) return original;
  for await (const mended of mendings(original)) if (await isDecodable(mended, limits)) return mended;
  return undefined;
}

/** Makes something of an original; if that fails, of the original without damage that browsers ignore. @throws what `make` throws first. */
export async function makeOrMend<Made>(
  original: Original,
  limits: SourceLimits,
  make: (original: Original) => Promise<Made>,
): Promise<Made> {
  try {
    return await make(original);
  } catch (cause) {
    const found = isOutOfMemory(cause) ? undefined : await findDecodable(original, limits);
    if (found === undefined || found === original) throw cause;
    return make(found);
  }
}

/** Whether all of its first frame can be decoded; only a few pixels of it are kept. */
async function isDecodable(original: Original, limits: SourceLimits): Promise<boolean> {
  try {
    await decode(original, limits, false).resize({ width: 16, height: 16, fit: "inside" }).raw().toBuffer();
    return true;
  } catch {
    return false;
  }
}

/** The problem for a decoder's error: the error's own text could show internals, so it stays in the cause. */
export function damaged({ type, bytes }: Pick<Original, "type" | "bytes">, cause: unknown): Problem {
  const what = peculiarityOf(type, bytes);
  const detail =
    what === undefined
      ? `The original says it is ${type}, but cannot be decoded as that.`
      : `The original is ${what}, which this server does not read. Export it as an ordinary ${type === "image/avif" ? "AVIF" : "JPEG"} and upload that.`;
  return new Problem("unreadable-source", { detail, cause });
}
