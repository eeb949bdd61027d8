import { crc32, deflateSync } from "node:zlib";
import { withProperty } from "../original/avif-meta.ts";
import { withInserted } from "../original/spare.ts";

/**
 * Puts an ICC profile into a PNG or AVIF, where libvips finds it before any other.
 * @param bytes changed in place.
 * @returns the same memory if it has space, or a copy. Unchanged if the file has no place for a profile.
 */
export function withProfile(type: string, bytes: Uint8Array, profile: Buffer): Uint8Array {
  return type === "image/png" ? withChunk(bytes, profile) : withProperty(bytes, profile);
}

// --- PNG (third edition, §11.3.2.3): behind the header, and so the first of its kind ---

const END_OF_HEADER = 33;
const NAME = "icc";

function withChunk(png: Uint8Array, profile: Buffer): Uint8Array {
  const name = Buffer.from(`iCCP${NAME}\0\0`, "latin1");
  const body = Buffer.concat([name, deflateSync(profile, { level: 1 })]);
  return withInserted(
    png,
    END_OF_HEADER,
    Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))]),
  );
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
