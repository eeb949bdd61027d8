/** Pixels as they are stored, before EXIF turns them. */
export interface HeaderSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The size that an original's first bytes tell, without a decoder: a bomb is refused before its body has arrived.
 * undefined when they do not tell it (yet, or at all); then the decoder will. Never throws.
 * @param type by sniff.ts.
 */
export function readSize(type: string, head: Uint8Array): HeaderSize | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  try {
    return readers[type]?.(bytes);
  } catch {
    // It ends before the size.
    return undefined;
  }
}

/** Whether all that stands before the pixels of a JPEG is here: its segments, and that of the first scan. */
export function hasWholeHeader(jpeg: Uint8Array): boolean {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  try {
    for (const { marker, at } of segments(bytes))
      if (marker === START_OF_SCAN) return at + 2 + bytes.readUInt16BE(at + 2) <= bytes.length;
  } catch {
    // It ends before.
  }
  return false;
}

// --- formats ---

const readers: Readonly<Record<string, (bytes: Buffer) => HeaderSize | undefined>> = {
  "image/jpeg": readJpeg,
  "image/png": (bytes) => ({ width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }),
  "image/gif": (bytes) => ({ width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }),
  "image/webp": readWebp,
  "image/avif": readAvif,
};

/** The start of a frame says the size (ITU T.81 §B.2.2). */
function readJpeg(bytes: Buffer): HeaderSize | undefined {
  for (const { marker, at } of segments(bytes))
    if (isStartOfFrame(marker))
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
  return undefined;
}

/** Markers and where each stands, as far as they make sense. @throws RangeError when the bytes end. */
function* segments(jpeg: Buffer): Generator<{ readonly marker: number; readonly at: number }> {
  for (let at = 2; ; ) {
    const marker = jpeg.readUInt16BE(at);
    if (marker === 0xffff) at++;
    else if (marker < 0xffc0) return;
    else {
      yield { marker, at };
      at += 2 + jpeg.readUInt16BE(at + 2);
    }
  }
}

const START_OF_SCAN = 0xffda;

/** C0 to CF but for the tables of Huffman codes, arithmetic coding and the reserved one. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
}

function readWebp(bytes: Buffer): HeaderSize | undefined {
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8X":
      return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
    case "VP8L": {
      const bits = bytes.readUInt32LE(21);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case "VP8 ":
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    default:
      return undefined;
  }
}

/** The largest of the `ispe` properties: the picture's; tiles, thumbnails and the alpha plane are no larger. */
function readAvif(bytes: Buffer): HeaderSize | undefined {
  let largest: HeaderSize | undefined;
  for (let at = bytes.indexOf("ispe"); at !== -1; at = bytes.indexOf("ispe", at + 4)) {
    const size = { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) };
    if (largest === undefined || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}
