import { type GifBlock, gifBlocks, pixelsOf, rectangleOf, screenBytes } from "../../../formats/gif.ts";
import { readLzw } from "../../../formats/gif-lzw.ts";
import { withTail } from "./spare.ts";

const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];

/**
 * Adds an end to a GIF that was cut off: libnsgif refuses a last frame without an end, or drops frames that it has counted. The
 * last frame stays if all of its pixels exist; otherwise it is removed.
 * @param bytes changed in place.
 * @returns the same memory. Never throws.
 */
export function endGif(bytes: Uint8Array): Uint8Array {
  const gif = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (gif.length < 13) return bytes;
  let end = screenBytes(gif);
  let frames = 0;
  for (const block of gifBlocks(gif)) {
    end = block.end;
    if (block.kind === "image") frames++;
  }
  const half: GifBlock = { kind: "image", start: end, end: gif.length };
  if (gif[end] === IMAGE && hasAllPixels(gif, half)) return endFrame(bytes, gif, half);
  const isCut = gif[end] === IMAGE || gif[end] === EXTENSION;
  return isCut && frames > 0 ? withTail(bytes, end, Buffer.from([TRAILER])) : bytes;
}

function hasAllPixels(gif: Buffer, image: GifBlock): boolean {
  if (image.start + 10 > gif.length) return false;
  const { width, height } = rectangleOf(gif, image);
  let left = width * height;
  readLzw(gif, pixelsOf(gif, image), (_, pixels) => {
    left -= pixels;
    return left > 0;
  });
  return left <= 0;
}

/** Its last sub-block gets the length of its existing bytes; an empty one ends the frame. */
function endFrame(bytes: Uint8Array, gif: Buffer, image: GifBlock): Uint8Array {
  let at = pixelsOf(gif, image) + 1;
  for (let next = at; next < gif.length; next += 1 + (gif[at] ?? 0)) at = next;
  if (at < gif.length) gif[at] = Math.min(gif[at] ?? 0, gif.length - at - 1);
  const isEmpty = at < gif.length && gif[at] === 0;
  return withTail(bytes, gif.length, Buffer.from(isEmpty ? [TRAILER] : [0, TRAILER]));
}
