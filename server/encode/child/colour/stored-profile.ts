import { crc32, inflateSync } from "node:zlib";
import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { START_OF_SCAN, segments } from "../../../formats/dimensions.ts";

const MOST_STEPS = 262_144;
/** As leanOriginal keeps of it. */
const MOST_BYTES = 2 ** 22;

/**
 * The ICC profile that browsers find in a file, where they and the decoder's libraries look for it in different ways; undefined if
 * there is none, or a broken one. Never throws.
 * @param decoded what the decoder has found. It counts for all types but PNG and JPEG.
 */
export function storedProfile(type: string, bytes: Uint8Array, decoded?: Buffer): Buffer | undefined {
  try {
    return readers[type] === undefined
      ? decoded
      : readers[type](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    // It ends early, or does not inflate.
    return undefined;
  }
}

const readers: Readonly<Record<string, (file: Buffer) => Buffer | undefined>> = {
  "image/png": readPng,
  "image/jpeg": readJpeg,
};

/**
 * PNG, third edition, §11.3.2.3. The first one with a right checksum counts, also behind a palette. libpng takes one with a wrong
 * checksum, and neither one behind a palette, nor one whose length is no multiple of four, nor one with a name of 80 letters.
 */
function readPng(png: Buffer): Buffer | undefined {
  for (let at = 8; ; ) {
    const [length, type] = [png.readUInt32BE(at), png.toString("latin1", at + 4, at + 8)];
    if (type === "IDAT") return undefined;
    const end = at + 8 + length;
    if (type === "iCCP" && crc32(png.subarray(at + 4, end)) === png.readUInt32BE(end))
      return inflated(png.subarray(at + 8, end));
    at = end + 4;
  }
}

/** A name, zero, a method of compression, which is zero, and the profile. */
function inflated(data: Buffer): Buffer | undefined {
  const name = data.indexOf(0);
  if (name <= 0 || data[name + 1] !== 0) return undefined;
  return inflateSync(data.subarray(name + 2), { maxOutputLength: MOST_BYTES });
}

const APP2 = 0xffe2;
export const PROFILE_SIGNATURE = "ICC_PROFILE\0";

/**
 * ICC.1:2022, annex B.4. What follows the last piece is not read. Nothing counts if a piece is missing, there twice, or has another
 * count than the first: libvips joins whatever there is.
 */
function readJpeg(jpeg: Buffer): Buffer | undefined {
  const pieces = new Map<number, Buffer>();
  let most: number | undefined;
  for (const { start, end } of profileSegments(jpeg)) {
    const [index, count] = [jpeg.readUInt8(start), jpeg.readUInt8(start + 1)];
    most ??= count;
    if (count !== most || index < 1 || index > most || pieces.has(index)) return undefined;
    pieces.set(index, jpeg.subarray(start + 2, end));
    if (pieces.size === most)
      return Buffer.concat([...pieces].sort(([one], [other]) => one - other).map(([, data]) => data));
  }
  return undefined;
}

/** The markers of a JPEG's profile, and where their numbers and data are; empty ones are passed over. @throws RangeError */
export function* profileSegments(
  jpeg: Buffer,
): Generator<{ readonly at: number; readonly start: number; readonly end: number }> {
  for (const { marker, at } of segments(new ByteReader(jpeg, new Steps(MOST_STEPS)))) {
    if (marker === START_OF_SCAN) return;
    const start = at + 4 + PROFILE_SIGNATURE.length;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    const isProfile = marker === APP2 && jpeg.toString("latin1", at + 4, start) === PROFILE_SIGNATURE;
    if (isProfile && end > start + 2) yield { at, start, end };
  }
}
