import { ByteReader, Steps } from "./byte-reader.ts";
import { boxesAt } from "./dimensions.ts";

/** An animation in a format that is decoded here only as a still. */
export interface Sequence {
  readonly frames: number;
  readonly alpha: boolean;
}

/** As for a layout: some thousand chunks or boxes. */
const MOST_STEPS = 262_144;

/**
 * The animation in a PNG or AVIF; undefined if the file is a still, or of another type. Never throws.
 * @param bytes the whole original.
 * @param steps counts the cost.
 */
export function readSequence(
  type: string,
  bytes: Uint8Array,
  steps = new Steps(MOST_STEPS),
): Sequence | undefined {
  try {
    const found = readers[type]?.(new ByteReader(bytes, steps));
    return found !== undefined && found.frames > 1 ? found : undefined;
  } catch {
    // It ends early, or was built to cost too much.
    return undefined;
  }
}

const readers: Readonly<Record<string, (bytes: ByteReader) => Sequence | undefined>> = {
  "image/png": readPng,
  "image/avif": readAvif,
};

/** The animation control chunk precedes the pixels (PNG, third edition, §11.3.6.1). */
function readPng(bytes: ByteReader): Sequence | undefined {
  let frames: number | undefined;
  let alpha = (bytes.uint8(25) & HAS_ALPHA) !== 0;
  for (let at = 8; !bytes.startsWith("IDAT", at + 4); at += 12 + bytes.uint32(at)) {
    if (bytes.startsWith("acTL", at + 4)) frames = bytes.uint32(at + 8);
    alpha ||= bytes.startsWith("tRNS", at + 4);
  }
  return frames === undefined ? undefined : { frames, alpha };
}

/** Of a colour type. */
const HAS_ALPHA = 4;

/** Browsers play the tracks of a file whose first brand is `avis`; the alpha channel has its own track (AVIF §3, ISO/IEC 23000-22). */
function readAvif(bytes: ByteReader): Sequence | undefined {
  if (!bytes.startsWith("avis", 8)) return undefined;
  const inTracks = (...path: string[]) =>
    [...boxesAt(bytes, ["moov", "trak", "mdia", ...path], { start: 0, end: bytes.length })].map(
      ({ start }) => start,
    );
  const frames = inTracks("minf", "stbl", "stsz").map((start) => bytes.uint32(start + 8));
  const alpha = inTracks("hdlr").some((start) => bytes.startsWith("auxv", start + 8));
  return { frames: Math.max(0, ...frames), alpha };
}
