import { crc32, createInflate } from "node:zlib";
import { chunksOf, INFLATED, inflateRows, joined } from "../original/mend.ts";

/**
 * How much of a PNG's picture exists, in percent of its rows, or of the frames of an animation. Wrong checksums of chunks alone
 * do not count, nor does that of the stream (third edition, §10.1): some programs cannot compute them. If both are wrong, the
 * pixels are.
 */
export async function percentOfPng(png: Buffer): Promise<number> {
  const chunks = [...chunksOf(png)];
  const bad = chunks.find((chunk) => chunk.type === "IDAT" && !isRight(png, chunk));
  if (bad === undefined || (await hasRightStream(picturesOf(png, chunks, "IDAT"))))
    return percentOfFrames(png, chunks);
  const { got, wanted } = await inflateRows(png.subarray(0, bad.start));
  return Math.min(99, Math.floor((100 * got) / wanted));
}

/** libpng reads only an animation's first picture. The others are streams of their own (§11.3.4); one that ends early lacks some. */
async function percentOfFrames(png: Buffer, chunks: readonly Chunk[]): Promise<number> {
  const control = chunks.find(({ type, start }) => type === "acTL" && start + 4 <= png.length);
  const frames = control === undefined ? 0 : png.readUInt32BE(control.start);
  const starts = chunks.flatMap(({ type }, at) => (type === "fcTL" ? [at] : []));
  for (const [frame, start] of starts.entries()) {
    const own = chunks.slice(start, starts[frame + 1]).filter(({ type }) => type === "fdAT");
    if (own.every((chunk) => isRight(png, chunk)) || (await hasRightStream(picturesOf(png, own, "fdAT"))))
      continue;
    return Math.min(99, Math.floor((100 * frame) / Math.max(frames, starts.length)));
  }
  const isCut = chunks.every(({ type }) => type !== "IEND") && starts.length < frames;
  return isCut ? Math.floor((100 * starts.length) / frames) : 100;
}

// --- checksums ---

type Chunk = ReturnType<typeof chunksOf> extends Generator<infer One> ? One : never;

function isRight(png: Buffer, { start, end }: Chunk): boolean {
  return end + 4 <= png.length && crc32(png.subarray(start - 4, end)) === png.readUInt32BE(end);
}

/** The checksum at its end is that of its content. */
async function hasRightStream(pieces: Iterable<Buffer>): Promise<boolean> {
  const inflate = createInflate({ chunkSize: INFLATED });
  for (const piece of joined(pieces)) inflate.write(piece);
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

/** The compressed pixels; those of an animation's chunk are behind its number. */
function* picturesOf(png: Buffer, chunks: readonly Chunk[], kind: "IDAT" | "fdAT"): Generator<Buffer> {
  for (const { type, start, end } of chunks)
    if (type === kind) yield png.subarray(kind === "IDAT" ? start : start + 4, end);
}
