import { crc32 } from "node:zlib";

/** A chunk of a PNG: length, type, data, checksum. */
export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

export function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** A PNG with chunks inserted after its header. */
export function withChunks(png: Buffer, chunks: readonly Buffer[]): Buffer {
  const header = 8 + 25;
  return Buffer.concat([png.subarray(0, header), ...chunks, png.subarray(header)]);
}

/** Only a header: size, bit depth, colour type, interlaced or not. */
export function pngHeader(
  width: number,
  height: number,
  bits: number,
  type: number,
  interlace: 0 | 1,
): Buffer {
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const header = Buffer.concat([uint32(width), uint32(height), Buffer.from([bits, type, 0, 0, interlace])]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", Buffer.alloc(8)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
