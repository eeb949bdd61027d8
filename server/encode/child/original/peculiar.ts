import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { boxesAt, isStartOfFrame, segments } from "../../../formats/dimensions.ts";

/** As for a layout. */
const MOST_STEPS = 262_144;

/**
 * The kind of a whole file that no decoder here can read, as a text for the author; undefined for all others. Never throws.
 */
export function peculiarityOf(type: string, bytes: Uint8Array): string | undefined {
  try {
    return readers[type]?.(new ByteReader(bytes, new Steps(MOST_STEPS)));
  } catch {
    // It ends early, or was built to cost too much.
    return undefined;
  }
}

const readers: Readonly<Record<string, (bytes: ByteReader) => string | undefined>> = {
  "image/jpeg": readJpeg,
  "image/avif": readAvif,
};

/** Starts of frames (ITU T.81 table B.1; ITU T.87 §C.1.1 for JPEG-LS). */
function readJpeg(bytes: ByteReader): string | undefined {
  for (const { marker, at } of segments(bytes)) {
    if (marker === JPEG_LS) return "a JPEG-LS image";
    if (!isStartOfFrame(marker)) continue;
    const kind = marker & 15;
    if (kind % 4 === 3) return "a lossless JPEG";
    if (kind > 4 && kind < 8) return "a hierarchical JPEG";
    // By a marker behind the first scan (ITU T.81 §B.2.5).
    if (bytes.uint16(at + 5) === 0) return "a JPEG whose height is only at its end";
    if (bytes.uint8(at + 4) !== 8) return `a JPEG of ${bytes.uint8(at + 4)} bits`;
    return kind > 8 ? "a JPEG with arithmetic coding" : undefined;
  }
  return undefined;
}

const JPEG_LS = 0xfff7;

/** Properties of images in layers (AV1 in HEIF §2.3), and of grids and overlays that libheif may not support. */
function readAvif(bytes: ByteReader): string | undefined {
  const has = (type: string) =>
    !boxesAt(bytes, ["meta", "iprp", "ipco", type], { start: 0, end: bytes.length }).next().done;
  if (["a1op", "a1lx", "lsel"].some(has)) return "a layered AVIF";
  return bytes.startsWith("avis", 8) ? "an AVIF image sequence" : undefined;
}
