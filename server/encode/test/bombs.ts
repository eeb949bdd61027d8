import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { chunk, withChunks } from "./png.ts";

const plain = () => sharp({ create: { width: 200, height: 100, channels: 3, background: "#369" } });

/** 900 texts of 3 kB, which are 2.7 GiB when they are unpacked. */
export async function textBomb(type: "zTXt" | "iTXt"): Promise<Buffer> {
  const packed = deflateSync(Buffer.alloc(3 * 2 ** 20, 32), { level: 9 });
  const head = (at: number) => Buffer.from(type === "zTXt" ? `k${at}\0\0` : `k${at}\0\x01\0\0\0`, "latin1");
  const chunks = Array.from({ length: 900 }, (_, at) => chunk(type, Buffer.concat([head(at), packed])));
  return withChunks(await plain().png().toBuffer(), chunks);
}

/** A profile, or a packet of XMP, of 256 MiB when it is unpacked. */
export async function packedBomb(type: "iCCP" | "iTXt"): Promise<Buffer> {
  const packed = deflateSync(Buffer.alloc(2 ** 28), { level: 9 });
  const head = Buffer.from(type === "iCCP" ? "p\0\0" : "XML:com.adobe.xmp\0\x01\0\0\0", "latin1");
  return withChunks(await plain().png().toBuffer(), [chunk(type, Buffer.concat([head, packed]))]);
}

/** A directory with the largest possible number of entries, each of which is the whole block. */
function exifBomb(bytes: number, entries: number): Buffer {
  const exif = Buffer.alloc(bytes, 65);
  exif.write("II*\0", 0, "latin1");
  exif.writeUInt32LE(8, 4);
  exif.writeUInt16LE(entries, 8);
  for (let entry = 0; entry < entries; entry++) {
    const at = 10 + 12 * entry;
    exif.writeUInt16LE((entry + 1) % 65_536, at);
    exif.writeUInt16LE(2, at + 2);
    exif.writeUInt32LE(bytes - 8, at + 4);
    exif.writeUInt32LE(8, at + 8);
  }
  return exif;
}

export async function exifBombs(): Promise<Record<"jpg" | "png", Buffer>> {
  const jpeg = await plain().jpeg().toBuffer();
  const block = Buffer.concat([Buffer.from("Exif\0\0"), exifBomb(65_000, 5_400)]);
  const head = Buffer.from([0xff, 0xe1, (block.length + 2) >> 8, (block.length + 2) & 255]);
  return {
    jpg: Buffer.concat([jpeg.subarray(0, 2), head, block, jpeg.subarray(2)]),
    png: withChunks(await plain().png().toBuffer(), [chunk("eXIf", exifBomb(8 * 2 ** 20, 65_535))]),
  };
}

/** An AVIF whose header says 64 × 64, but which has many more pixels. */
export async function lyingAvif(width: number, height: number): Promise<Buffer> {
  const avif = await sharp({ create: { width, height, channels: 3, background: "#369" } })
    .avif({ effort: 0, bitdepth: 10 })
    .toBuffer();
  for (let at = avif.indexOf("ispe"); at !== -1; at = avif.indexOf("ispe", at + 4)) {
    avif.writeUInt32BE(64, at + 8);
    avif.writeUInt32BE(64, at + 12);
  }
  return avif;
}
