import { type GifBlock, gifBlocks, screenBytes } from "../../../formats/gif.ts";
import type { Original } from "./original.ts";

/** An original's own file without its metadata: what else stands in it says how it looks. */
export function bareFile(original: Original): Uint8Array {
  const { bytes } = original;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bareGif(file, original.frames);
}

// --- GIF ---

/** How often it is played stands in an application's block: Netscape's, which all browsers know. */
const LOOPS: ReadonlySet<string> = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);

/** @param frames of the file; those behind them are a decoder's (gif-canvas.ts). */
function bareGif(gif: Buffer, frames: number): Uint8Array {
  const kept = [gif.subarray(0, screenBytes(gif))];
  let left = frames;
  for (const block of gifBlocks(gif)) {
    if (!isShown(gif, block)) continue;
    kept.push(gif.subarray(block.start, block.end));
    if (block.kind === "image") left--;
    if (left === 0) break;
  }
  return Buffer.concat([...kept, Buffer.from([0x3b])]);
}

function isShown(gif: Buffer, { kind, start }: GifBlock): boolean {
  if (kind === "application") return LOOPS.has(gif.toString("latin1", start + 3, start + 14));
  return kind === "image" || kind === "control";
}
