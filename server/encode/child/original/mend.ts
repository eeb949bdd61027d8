import { createInflateRaw } from "node:zlib";
import { percentOfJpeg } from "../damage/jpeg.ts";
import type { Original } from "./original.ts";
import { withTail } from "./spare.ts";

/** How strict a decoder is (sharp's `failOn`), from little to much. */
export type FailOn = "none" | "truncated" | "error" | "warning";

/**
 * Ways to decode a damaged original that browsers show. None of them accepts one whose pixels end early: the result would have a
 * grey half, and the cache would keep it.
 */
export async function* mendings(original: Original): AsyncGenerator<Original> {
  if (original.type === "image/jpeg") yield* withEndOfImage(original);
  if (original.type === "image/png") yield* withoutChecksums(original);
}

// --- JPEG without the marker at its end (ITU T.81 §B.1.1.3) ---

/** Only if no block is missing: libjpeg would fill the rest with grey. */
function withEndOfImage(original: Original): Original[] {
  const { bytes } = original;
  const ends = bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
  const jpeg = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (ends || percentOfJpeg(jpeg) !== 100) return [];
  return [{ ...original, failOn: "none", bytes: withTail(bytes, bytes.length, Buffer.from([0xff, 0xd9])) }];
}

// --- PNG with wrong checksums (third edition, §5.3 and §10.1) ---

/** libpng ignores wrong checksums of chunks. A wrong checksum of the zlib stream costs the last row; a missing one does not. */
async function* withoutChecksums(original: Original): AsyncGenerator<Original> {
  yield { ...original, failOn: "truncated" };
  const { bytes } = original;
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stream = await inflateRows(png);
  if (stream.got >= stream.wanted)
    yield { ...original, failOn: "none", bytes: withoutLast(png, stream.behind) };
}

/** Bytes of inflated rows at once: with zlib's 16 KiB most of the time is the stream's own. */
export const INFLATED = 2 ** 18;

/** Bytes after the rows that are checked: the end of the stream should be there. */
const MOST_BEHIND = 2 ** 16;

/** Bytes of the rows that the pixels' chunks inflate to and of all rows, and how many bytes follow the end of the stream. */
export async function inflateRows(
  png: Buffer,
): Promise<{ readonly got: number; readonly wanted: number; readonly behind: number }> {
  const wanted = bytesOfRows(png);
  let [got, given] = [0, 0];
  const inflate = createInflateRaw({ chunkSize: INFLATED });
  for (const piece of joined(deflated(png))) {
    given += piece.length;
    inflate.write(piece);
  }
  inflate.end();
  try {
    for await (const piece of inflate) {
      got += piece.length;
      if (got > wanted + MOST_BEHIND) break;
    }
    return { got, wanted, behind: given - inflate.bytesWritten };
  } catch {
    // It ends early, or is invalid.
    return { got, wanted, behind: 0 };
  } finally {
    inflate.destroy();
  }
}

/** Without the last bytes of the pixels' last chunk. */
function withoutLast(png: Buffer, bytes: number): Buffer {
  const last = [...chunksOf(png)].filter(({ type }) => type === "IDAT").at(-1);
  if (last === undefined || bytes <= 0) return png;
  const cut = Math.min(bytes, last.end - last.start);
  png.writeUInt32BE(last.end - last.start - cut, last.start - 8);
  png.copyWithin(last.end - cut, last.end);
  return png.subarray(0, png.length - cut);
}

/** The content of the IDAT chunks, without zlib's first two bytes. */
function* deflated(png: Buffer): Generator<Buffer> {
  let skipped = 0;
  for (const { type, start, end } of chunksOf(png)) {
    if (type !== "IDAT") continue;
    const piece = png.subarray(start + 2 - skipped, end);
    skipped += Math.min(2 - skipped, end - start);
    yield piece;
  }
}

/** As fewer pieces: each write to zlib has a cost of its own, and most programs make chunks of 8 KiB. */
export function* joined(pieces: Iterable<Buffer>): Generator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < DEFLATED) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  yield Buffer.concat(waiting);
}

const DEFLATED = 2 ** 18;

/** The type of each chunk, and the range of its data, until something else comes: a type has four letters (§5.3). */
export function* chunksOf(png: Buffer) {
  for (let start = 16; start + 4 <= png.length; ) {
    const end = start + png.readUInt32BE(start - 8);
    const type = png.toString("latin1", start - 4, start);
    if (!/^[A-Za-z]{4}$/.test(type)) return;
    yield { type, start, end: Math.min(end, png.length) };
    start = end + 12;
  }
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column and row, and steps, of Adam7's passes (§8.1). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Each row begins with a byte for its filter. */
function bytesOfRows(png: Buffer): number {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const bits = png.readUInt8(24) * (CHANNELS[png.readUInt8(25)] ?? 4);
  const passes = png.readUInt8(28) === 0 ? [[0, 0, 1, 1] as const] : ADAM7;
  return passes.reduce((sum, [left, top, across, down]) => {
    const columns = Math.ceil((width - left) / across);
    const rows = Math.ceil((height - top) / down);
    return columns > 0 && rows > 0 ? sum + rows * (1 + Math.ceil((columns * bits) / 8)) : sum;
  }, 0);
}
