import { crc32, createInflate } from "node:zlib";
import { chunksOf, INFLATED, inflateRows, joined } from "../original/mend.ts";

/**
 * How much of a PNG's picture exists, in percent of its rows, or of the frames of an animation. Wrong checksums of chunks alone
 * do not count, nor does that of the stream (third edition, §10.1): some programs cannot compute them. If both are wrong, the
 * pixels are.
 */
export async function percentOfPng(png: Buffer): Promise<number> {
  const bad = [...chunksOf(png)].find(({ type, start, end }) => type === "IDAT" && !isRight(png, start, end));
  if (bad === undefined || (await hasRightStream(png))) return percentOfFrames(png);
  const { got, wanted } = await inflateRows(png.subarray(0, bad.start));
  return Math.min(99, Math.floor((100 * got) / wanted));
}

function isRight(png: Buffer, start: number, end: number): boolean {
  return end + 4 <= png.length && crc32(png.subarray(start - 4, end)) === png.readUInt32BE(end);
}

/** The checksum at its end is that of its content. */
async function hasRightStream(png: Buffer): Promise<boolean> {
  const inflate = createInflate({ chunkSize: INFLATED });
  for (const piece of joined(pixelsOf(png))) inflate.write(piece);
  inflate.end();
  try {
    for await (const _ of inflate);
    return true;
  } catch {
    return false;
  } finally {
    inflate.destroy();
  }
}

function* pixelsOf(png: Buffer): Generator<Buffer> {
  for (const { type, start, end } of chunksOf(png)) if (type === "IDAT") yield png.subarray(start, end);
}

/** An animation that ends early lacks frames (§11.3.4): libpng reads only its first picture. */
function percentOfFrames(png: Buffer): number {
  let [frames, begun] = [0, 0];
  for (const { type, start, end } of chunksOf(png)) {
    if (type === "acTL" && start + 4 <= png.length) frames = png.readUInt32BE(start);
    if (type === "fcTL") begun++;
    if (type === "IEND") return 100;
    const isCut = end + 4 > png.length;
    if (isCut && type === "fdAT" && frames > 0) return Math.floor((100 * (begun - 1)) / frames);
  }
  return begun < frames ? Math.floor((100 * begun) / frames) : 100;
}
