import { sniff } from "../../../formats/sniff.ts";
import { inflateRows } from "../original/mend.ts";
import { percentOfGif } from "./gif.ts";
import { percentOfJpeg } from "./jpeg.ts";
import { percentOfPng } from "./png.ts";
import { percentOfWebp } from "./webp.ts";

/**
 * How much of an original's picture exists, in percent of its height, of its frames, or of its bytes; 0 if it is not known where
 * something is missing. The decoders do not tell: libjpeg makes a grey half of a file that ends early, and libwebp decodes zeros.
 * 100 also if it cannot be decided. Never throws.
 * @param bytes unchanged, as it is stored.
 */
export async function percentThere(bytes: Uint8Array): Promise<number> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return (await readers[sniff(bytes).type]?.(file)) ?? 100;
  } catch {
    // It is no file of this type: the decoder gives the reason.
    return 100;
  }
}

/** The same of an original that no decoder reads. */
export async function percentReadable(bytes: Uint8Array): Promise<number> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sniff(bytes).type !== "image/png") return percentThere(bytes);
  const { got, wanted } = await inflateRows(file);
  return got < wanted ? Math.floor((100 * got) / wanted) : 100;
}

const readers: Readonly<Record<string, (file: Buffer) => number | undefined | Promise<number>>> = {
  "image/jpeg": percentOfJpeg,
  "image/png": percentOfPng,
  "image/webp": percentOfWebp,
  "image/gif": percentOfGif,
  "image/avif": percentOfBoxes,
};

/** AV1's decoder finds all damage but that of an animation, which is passed on: a box that goes beyond the end (ISO/IEC 14496-12 §4.2). */
function percentOfBoxes(file: Buffer): number {
  for (let at = 0; at + 8 <= file.length; ) {
    const size = file.readUInt32BE(at);
    // 0: to the end. 1: a size of 64 bits follows.
    const bytes = size === 1 && at + 16 <= file.length ? Number(file.readBigUInt64BE(at + 8)) : size;
    if (bytes < 8) return 100;
    if (at + bytes > file.length) return Math.floor((100 * file.length) / (at + bytes));
    at += bytes;
  }
  return 100;
}
