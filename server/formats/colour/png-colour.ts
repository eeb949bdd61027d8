import { crc32 } from "node:zlib";
import type { ByteReader } from "../byte-reader.ts";
import type { Chromaticities, ColourTag, Xy } from "./colour-tag.ts";

/**
 * Chunks before the pixels (PNG, third edition, §11.3.2). As in browsers, the first of a kind counts; one with a wrong length or
 * checksum does not count, nor does a cICP behind the palette.
 */
export function readPngColour(bytes: ByteReader): ColourTag {
  let tag: ColourTag = {};
  let isBehindPalette = false;
  for (let at = 8; !bytes.startsWith("IDAT", at + 4); at += 12 + bytes.uint32(at)) {
    const type = bytes.text(at + 4, 4);
    isBehindPalette ||= type === "PLTE";
    const read = isBehindPalette && type === "cICP" ? undefined : readers[type];
    if (read?.length === bytes.uint32(at) && isIntact(bytes, at))
      tag = { ...read.tag(bytes, at + 8), ...tag };
  }
  return tag;
}

interface ChunkReader {
  /** Bytes of its data. */
  readonly length: number;
  readonly tag: (bytes: ByteReader, at: number) => ColourTag;
}

const readers: Readonly<Partial<Record<string, ChunkReader>>> = {
  cICP: { length: 4, tag: readCicp },
  sRGB: { length: 1, tag: (bytes, at) => (bytes.uint8(at) <= LAST_INTENT ? { srgb: true } : {}) },
  gAMA: { length: 4, tag: (bytes, at) => ({ gamma: bytes.uint32(at) / 100_000 }) },
  cHRM: { length: 32, tag: (bytes, at) => ({ chromaticities: readChromaticities(bytes, at) }) },
  cLLI: { length: 8, tag: (bytes, at) => ({ contentPeak: bytes.uint32(at) / 10_000 }) },
  mDCV: { length: 24, tag: (bytes, at) => ({ displayPeak: bytes.uint32(at + 16) / 10_000 }) },
};

const LAST_INTENT = 3;

/** Only RGB in full range counts: a PNG has nothing else (§11.3.2.6). Of others, a second one does not count either. */
function readCicp(bytes: ByteReader, at: number): ColourTag {
  const [matrix, fullRange] = [bytes.uint8(at + 2), bytes.uint8(at + 3)];
  if (matrix !== 0 || fullRange !== 1) return { cicp: undefined };
  return { cicp: { primaries: bytes.uint8(at), transfer: bytes.uint8(at + 1) } };
}

function readChromaticities(bytes: ByteReader, at: number): Chromaticities {
  const xy = (index: number): Xy => [
    bytes.uint32(at + 8 * index) / 100_000,
    bytes.uint32(at + 8 * index + 4) / 100_000,
  ];
  return { white: xy(0), red: xy(1), green: xy(2), blue: xy(3) };
}

function isIntact(bytes: ByteReader, at: number): boolean {
  const length = bytes.uint32(at);
  return crc32(bytes.bytes(at + 4, 4 + length)) === bytes.uint32(at + 8 + length);
}
