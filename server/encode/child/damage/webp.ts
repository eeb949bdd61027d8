/** Data that were never written. Prefix codes do not make that many zeros; the arithmetic coder of a lossy picture can. */
const SECTOR = Buffer.alloc(512);

const HEADER_BYTES = 8;
const FRAME_BYTES = 16;

/**
 * How much of a WebP exists, in percent of its bytes: libwebp decodes zeros in the place of pixels without a word, and nothing of
 * a file that ends early (RFC 9649 §2). Zeros in a lossy picture are not found.
 */
export function percentOfWebp(webp: Buffer): number {
  const end = HEADER_BYTES + webp.readUInt32LE(4);
  if (webp.length < end - 1) return Math.floor((100 * webp.length) / end);
  const hole = holeIn(webp, 12, webp.length);
  return hole === undefined ? 100 : Math.floor((100 * hole) / webp.length);
}

function holeIn(webp: Buffer, start: number, end: number): number | undefined {
  for (let at = start; at + HEADER_BYTES <= end; ) {
    const kind = webp.toString("latin1", at, at + 4);
    const from = at + HEADER_BYTES;
    const to = Math.min(end, from + webp.readUInt32LE(at + 4));
    if (kind === "VP8L") {
      const hole = webp.subarray(0, to).indexOf(SECTOR, from);
      if (hole !== -1) return hole;
    } else if (kind === "ANMF") {
      const hole = holeIn(webp, from + FRAME_BYTES, to);
      if (hole !== undefined) return hole;
    }
    at = to + (to % 2);
  }
  return undefined;
}
