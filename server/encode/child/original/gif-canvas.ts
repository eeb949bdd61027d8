import { type GifBlock, gifBlocks, pixelsOf, type Rectangle, rectangleOf } from "../../../formats/gif.ts";
import { readLzw } from "../../../formats/gif-lzw.ts";
import { withTail } from "./spare.ts";

/**
 * Makes the empty canvas of a GIF transparent, as in every browser: libnsgif fills it with black or the background colour if no
 * frame has a transparent colour. Frames that are cleared to the background get a transparent colour that they do not use. If the
 * first frame does not cover the canvas, a frame with a transparent colour is added after the last; the decoder counts it, but it
 * is not shown.
 * @param bytes changed in place.
 * @returns the same memory, perhaps with one more frame, and whether anything in it is transparent now. Never throws.
 */
export function clearCanvas(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly alpha: boolean } {
  const gif = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (gif.length < 13) return { bytes, alpha: false };
  const frames = framesOf(gif);
  let isTransparent = frames.some(({ control }) => hasTransparency(gif, control));
  for (const [index, { image, control }] of frames.entries()) {
    const next = frames[index + 1];
    if (control === undefined || !clearsToBackground(gif, control) || hasTransparency(gif, control)) continue;
    if (next === undefined || coversCanvas(gif, frames, next)) continue;
    isTransparent = setTransparent(gif, image, control) || isTransparent;
  }
  const [first] = frames;
  if (first === undefined || isTransparent || coversCanvas(gif, frames, first))
    return { bytes, alpha: isTransparent };
  return { bytes: withTail(bytes, frames.at(-1)?.image.end ?? bytes.length, NO_PICTURE), alpha: true };
}

// --- frames ---

interface GifFrame {
  readonly image: GifBlock;
  /** The graphic control extension before it (GIF89a §23). */
  readonly control: GifBlock | undefined;
}

function framesOf(gif: Buffer): GifFrame[] {
  const frames: GifFrame[] = [];
  let control: GifBlock | undefined;
  for (const block of gifBlocks(gif)) {
    if (block.kind === "control" && gif[block.start + 2] === 4) control = block;
    if (block.kind !== "image") continue;
    frames.push({ image: block, control });
    control = undefined;
  }
  return frames;
}

/** If the first frame is larger than the canvas, the canvas gets its size. */
function coversCanvas(gif: Buffer, frames: readonly GifFrame[], frame: GifFrame): boolean {
  const [first = frame] = frames;
  const canvas = rectangleOf(gif, first.image);
  const own = rectangleOf(gif, frame.image);
  const right = Math.max(gif.readUInt16LE(6), rightOf(canvas));
  const bottom = Math.max(gif.readUInt16LE(8), bottomOf(canvas));
  return own.left === 0 && own.top === 0 && rightOf(own) >= right && bottomOf(own) >= bottom;
}

function rightOf({ left, width }: Rectangle): number {
  return left + width;
}

function bottomOf({ top, height }: Rectangle): number {
  return top + height;
}

// --- control: flags in the fourth byte, the transparent colour in the seventh ---

const HAS_TRANSPARENCY = 1;
const DISPOSAL = 0x1c;
const TO_BACKGROUND = 2 << 2;

function hasTransparency(gif: Buffer, control: GifBlock | undefined): boolean {
  return control !== undefined && ((gif[control.start + 3] ?? 0) & HAS_TRANSPARENCY) !== 0;
}

function clearsToBackground(gif: Buffer, control: GifBlock): boolean {
  return ((gif[control.start + 3] ?? 0) & DISPOSAL) === TO_BACKGROUND;
}

function setTransparent(gif: Buffer, image: GifBlock, control: GifBlock): boolean {
  const colour = unusedColour(gif, pixelsOf(gif, image));
  if (colour === undefined) return false;
  gif[control.start + 3] = (gif[control.start + 3] ?? 0) | HAS_TRANSPARENCY;
  gif[control.start + 6] = colour;
  return true;
}

/** One pixel in a transparent colour, shown for no time, and the trailer. */
const NO_PICTURE = Buffer.from("21f90401000000002c00000000010001000002024401003b", "hex");

// --- colours ---

/** A colour that no pixel of a frame has: each used colour occurs as a code of its own before it is part of another code. */
function unusedColour(gif: Buffer, at: number): number | undefined {
  // Its pixels have fewer than eight bits.
  if ((gif[at] ?? 0) < 8) return 255;
  const used = new Set<number>();
  readLzw(gif, at, (code) => {
    if (code < 256) used.add(code);
    return used.size < 256;
  });
  for (let colour = 255; colour >= 0; colour--) if (!used.has(colour)) return colour;
  return undefined;
}
