import sharp from "sharp";

/** Data that were never written. The codes of a drawing, or of a flat part, can be the same. */
const SECTOR = Buffer.alloc(512);

const HEADER_BYTES = 8;
const FRAME_BYTES = 16;

/** A decoder reads a whole picture to its end, but for a padding. */
const MOST_SURPLUS = 16;

/**
 * How much of a WebP exists, in percent of its bytes: libwebp decodes zeros in the place of pixels without a word, and nothing of
 * a file that ends early (RFC 9649 §2).
 */
export async function percentOfWebp(webp: Buffer): Promise<number> {
  const end = HEADER_BYTES + webp.readUInt32LE(4);
  if (webp.length < end - 1) return Math.floor((100 * webp.length) / end);
  for (const { kind, from, to } of bitstreamsOf(webp, 12, webp.length)) {
    const hole = webp.subarray(0, to).indexOf(SECTOR, from);
    if (hole !== -1 && (await hasSurplus(kind, webp.subarray(from, to))))
      return Math.floor((100 * hole) / webp.length);
  }
  return 100;
}

interface Bitstream {
  readonly kind: "VP8 " | "VP8L";
  readonly from: number;
  readonly to: number;
}

/** Of the picture, or of each frame of an animation. */
function* bitstreamsOf(webp: Buffer, start: number, end: number): Generator<Bitstream> {
  for (let at = start; at + HEADER_BYTES <= end; ) {
    const kind = webp.toString("latin1", at, at + 4);
    const from = at + HEADER_BYTES;
    const to = Math.min(end, from + webp.readUInt32LE(at + 4));
    if (kind === "VP8 " || kind === "VP8L") yield { kind, from, to };
    else if (kind === "ANMF") yield* bitstreamsOf(webp, from + FRAME_BYTES, to);
    at = to + (to % 2);
  }
}

/** Whether the picture does not need the end of its data: what is behind the zeros is not what the decoder takes it for. */
async function hasSurplus(kind: string, data: Buffer): Promise<boolean> {
  const needed = data.subarray(0, -MOST_SURPLUS);
  const padded = Buffer.concat([needed, Buffer.alloc(needed.length % 2)]);
  const head = Buffer.from(`RIFF....WEBP${kind}....`, "latin1");
  head.writeUInt32LE(head.length - HEADER_BYTES + padded.length, 4);
  head.writeUInt32LE(needed.length, 16);
  return sharp(Buffer.concat([head, padded]))
    .resize(1, 1)
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}
