import { crc32, deflateSync } from "node:zlib";
import { withProperty } from "../original/avif-meta.ts";
import { withInserted } from "../original/spare.ts";
import { PROFILE_SIGNATURE, profileSegments } from "./stored-profile.ts";

/**
 * Puts an ICC profile into a PNG, JPEG, AVIF or still WebP, where libvips finds it before any other.
 * @param bytes changed in place.
 * @returns the same memory if it has space, or a copy. Unchanged if the file has no place for a profile.
 */
export function withProfile(type: string, bytes: Uint8Array, profile: Buffer): Uint8Array {
  try {
    return (writers[type] ?? unchanged)(bytes, profile);
  } catch (error) {
    // It ends before a place for a profile.
    if (error instanceof RangeError) return bytes;
    throw error;
  }
}

const writers: Readonly<Record<string, (bytes: Uint8Array, profile: Buffer) => Uint8Array>> = {
  "image/png": withChunk,
  "image/jpeg": withSegments,
  "image/avif": withProperty,
  "image/webp": withWebpChunk,
};

function unchanged(bytes: Uint8Array): Uint8Array {
  return bytes;
}

// --- PNG (third edition, §11.3.2.3): behind the header, and so the first of its kind ---

const END_OF_HEADER = 33;
const NAME = "icc";

function withChunk(png: Uint8Array, profile: Buffer): Uint8Array {
  const name = Buffer.from(`iCCP${NAME}\0\0`, "latin1");
  const body = Buffer.concat([name, deflateSync(forLibpng(profile), { level: 1 })]);
  return withInserted(
    png,
    END_OF_HEADER,
    Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))]),
  );
}

/** It wants a length that is a multiple of four, and a known intent; libvips has its own. */
function forLibpng(profile: Buffer): Buffer {
  const bytes = profile.readUInt32BE(0);
  const whole = Buffer.alloc(4 * Math.ceil(bytes / 4));
  profile.copy(whole, 0, 0, bytes);
  whole.writeUInt32BE(whole.length, 0);
  whole.writeUInt32BE(0, 64);
  return whole;
}

// --- JPEG (ICC.1:2022, annex B.4) ---

const START_OF_IMAGE = 2;
const SIGNATURE = Buffer.from(PROFILE_SIGNATURE, "latin1");
const MOST_BYTES = 0xffff - 2 - SIGNATURE.length - 2;

/** Other profiles become comments. */
function withSegments(jpeg: Uint8Array, profile: Buffer): Uint8Array {
  const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (const { at } of [...profileSegments(file)]) file.writeUInt8(COMMENT, at + 1);
  const count = Math.ceil(profile.length / MOST_BYTES);
  const pieces = Array.from({ length: count }, (_, index) => {
    const data = profile.subarray(index * MOST_BYTES, (index + 1) * MOST_BYTES);
    const length = 2 + SIGNATURE.length + 2 + data.length;
    return [
      Buffer.from([0xff, 0xe2, length >> 8, length & 0xff]),
      SIGNATURE,
      Buffer.from([index + 1, count]),
      data,
    ];
  });
  return withInserted(jpeg, START_OF_IMAGE, Buffer.concat(pieces.flat()));
}

const COMMENT = 0xfe;

// --- WebP (RFC 9649 §2.7): behind the header of the extended format, which a file with a profile has ---

const END_OF_VP8X = 30;
const ANIMATION = 0x02;
const MOST_RIFF_BYTES = 2 ** 32 - 10;

/** Others get a name that nobody knows. An animation may be passed on to readers, for whom this profile is not. */
function withWebpChunk(webp: Uint8Array, profile: Buffer): Uint8Array {
  const file = Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength);
  if (file.toString("latin1", 12, 16) !== "VP8X" || (file.readUInt8(20) & ANIMATION) !== 0) return webp;
  for (let at = END_OF_VP8X; at + 8 <= file.length; ) {
    const bytes = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === "ICCP") file.write("JUNK", at, "latin1");
    at += 8 + bytes + (bytes % 2);
  }
  const head = Buffer.from("ICCP\0\0\0\0", "latin1");
  head.writeUInt32LE(profile.length, 4);
  const chunk = Buffer.concat([head, profile, Buffer.alloc(profile.length % 2)]);
  file.writeUInt32LE(Math.min(file.readUInt32LE(4) + chunk.length, MOST_RIFF_BYTES), 4);
  return withInserted(webp, END_OF_VP8X, chunk);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
