import { ByteReader, Steps } from "./byte-reader.ts";

/** Size in pixels as stored, before EXIF rotates it. */
export interface HeaderSize {
  readonly width: number;
  readonly height: number;
}

/** More than any program writes: some thousand segments or boxes. The event loop is blocked for a millisecond. */
const MOST_STEPS = 65_536;

/**
 * The size in an original's first bytes, without a decoder: a bomb is refused before its body has arrived. Undefined if the size is
 * not in them (yet, or at all, or only after {@link MOST_STEPS}); then the decoder decides. Never throws.
 * @param type by sniff.ts.
 * @param steps counts the cost.
 */
export function readSize(
  type: string,
  head: Uint8Array,
  steps = new Steps(MOST_STEPS),
): HeaderSize | undefined {
  try {
    return readers[type]?.(new ByteReader(head, steps));
  } catch {
    // It ends before the size, or was built to cost too much.
    return undefined;
  }
}

// --- formats ---

const readers: Readonly<Record<string, (bytes: ByteReader) => HeaderSize | undefined>> = {
  "image/jpeg": readJpeg,
  "image/png": (bytes) => ({ width: bytes.uint32(16), height: bytes.uint32(20) }),
  "image/gif": (bytes) => ({ width: bytes.uint16(6, "little"), height: bytes.uint16(8, "little") }),
  "image/webp": readWebp,
  "image/avif": readAvif,
};

/** The start of a frame says the size (ITU T.81 §B.2.2). */
function readJpeg(bytes: ByteReader): HeaderSize | undefined {
  for (const { marker, at } of segments(bytes))
    if (isStartOfFrame(marker)) return { height: bytes.uint16(at + 5), width: bytes.uint16(at + 7) };
  return undefined;
}

/** Markers and where each stands, as far as they make sense. @throws RangeError when the bytes end. */
export function* segments(jpeg: ByteReader): Generator<{ readonly marker: number; readonly at: number }> {
  for (let at = 2; ; ) {
    const marker = jpeg.uint16(at);
    if (marker === 0xffff) at++;
    else if (marker < 0xffc0) return;
    else {
      yield { marker, at };
      at += 2 + jpeg.uint16(at + 2);
    }
  }
}

export const START_OF_SCAN = 0xffda;

/** C0 to CF but for the tables of Huffman codes, arithmetic coding and the reserved one. */
export function isStartOfFrame(marker: number): boolean {
  return marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
}

function readWebp(bytes: ByteReader): HeaderSize | undefined {
  switch (bytes.text(12, 4)) {
    case "VP8X":
      return { width: 1 + bytes.uint24Little(24), height: 1 + bytes.uint24Little(27) };
    case "VP8L": {
      const bits = bytes.uint32(21, "little");
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case "VP8 ":
      return { width: bytes.uint16(26, "little") & 0x3fff, height: bytes.uint16(28, "little") & 0x3fff };
    default:
      return undefined;
  }
}

/** The largest of the `ispe` properties: the picture's; tiles, thumbnails and the alpha plane are no larger. */
function readAvif(bytes: ByteReader): HeaderSize | undefined {
  let largest: HeaderSize | undefined;
  for (const ispe of boxesAt(bytes, ["meta", "iprp", "ipco", "ispe"], { start: 0, end: bytes.length })) {
    const size = { width: bytes.uint32(ispe.start + 4), height: bytes.uint32(ispe.start + 8) };
    if (largest === undefined || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest ?? readTrack(bytes);
}

/** An animation without a still has its size in the description of its samples (ISO/IEC 14496-12 §12.1.3). */
function readTrack(bytes: ByteReader): HeaderSize | undefined {
  const path = ["moov", "trak", "mdia", "minf", "stbl", "stsd"];
  for (const { start } of boxesAt(bytes, path, { start: 0, end: bytes.length }))
    return { width: bytes.uint16(start + 40), height: bytes.uint16(start + 42) };
  return undefined;
}

// --- boxes of ISO base media files (ISO/IEC 14496-12 §4.2) ---

/** What is in a box, behind its header. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface NamedSpan extends Span {
  readonly type: string;
}

/** The boxes at a path, from the outermost type to that of the boxes. @throws RangeError when the bytes end in the middle of it. */
export function* boxesAt(
  bytes: ByteReader,
  [type = "", ...path]: readonly string[],
  within: Span,
): Generator<Span> {
  for (const box of boxesOf(bytes, type, within)) {
    if (path.length === 0) yield box;
    // A full box has its version and flags before its content.
    else yield* boxesAt(bytes, path, type === "meta" ? { ...box, start: box.start + 4 } : box);
  }
}

function* boxesOf(bytes: ByteReader, wanted: string, within: Span): Generator<Span> {
  for (const { type, start, end } of allBoxes(bytes, within)) if (type === wanted) yield { start, end };
}

/** The boxes in a box, in their order. @throws RangeError when the bytes end in the middle of one's header. */
export function* allBoxes(bytes: ByteReader, within: Span): Generator<NamedSpan> {
  for (let at = within.start; at + BOX_BYTES <= within.end; ) {
    const size = boxSize(bytes, at, within.end);
    if (size < BOX_BYTES) return;
    const header = bytes.uint32(at) === LARGE ? 2 * BOX_BYTES : BOX_BYTES;
    yield { type: bytes.text(at + 4, 4), start: at + header, end: at + size };
    at += size;
  }
}

const BOX_BYTES = 8;
/** In place of a size: it comes behind the type, in 64 bits. */
const LARGE = 1;
/** In place of a size: the box goes on to the end. */
const TO_THE_END = 0;

function boxSize(bytes: ByteReader, at: number, end: number): number {
  const size = bytes.uint32(at);
  if (size === LARGE) return bytes.uint32(at + 8) * 2 ** 32 + bytes.uint32(at + 12);
  return size === TO_THE_END ? end - at : size;
}
