import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { chunk, uint32, withChunks } from "../png.ts";
import { ACROSS, PATCH, patchwork } from "./patches.ts";

// --- PNG ---

export async function png(
  chunks: readonly Buffer[] = [],
  bits: 8 | 16 = 8,
  channels: 1 | 3 | 4 = 3,
): Promise<Buffer> {
  return withChunks(await patchwork(bits, channels).png().toBuffer(), chunks);
}

export const SRGB = chunk("sRGB", Buffer.from([0]));
export const P3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];

export function gama(gamma: number): Buffer {
  return chunk("gAMA", uint32(Math.round(gamma * 100_000)));
}

export function chrm(values: readonly number[]): Buffer {
  return chunk("cHRM", Buffer.concat(values.map((value) => uint32(Math.round(value * 100_000)))));
}

export function cicp(primaries: number, transfer: number): Buffer {
  return chunk("cICP", Buffer.from([primaries, transfer, 0, 1]));
}

export function clli(brightest: number): Buffer {
  return chunk("cLLI", Buffer.concat([uint32(brightest * 10_000), uint32(100 * 10_000)]));
}

export function mdcv(brightest: number): Buffer {
  const xy = [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329].map((value) =>
    Math.round(value * 50_000),
  );
  const chromaticities = Buffer.from(xy.flatMap((value) => [value >> 8, value & 255]));
  return chunk("mDCV", Buffer.concat([chromaticities, uint32(brightest * 10_000), uint32(1)]));
}

/** With chunks behind its palette. */
export async function palettePng(chunks: readonly Buffer[]): Promise<Buffer> {
  const plain = await patchwork().png({ palette: true }).toBuffer();
  const pixels = plain.indexOf("IDAT") - 4;
  return Buffer.concat([plain.subarray(0, pixels), ...chunks, plain.subarray(pixels)]);
}

export function withWrongChecksum(of: Buffer): Buffer {
  const wrong = Buffer.from(of);
  wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
  return wrong;
}

export function iccp(profile: Buffer): Buffer {
  return chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(profile)]));
}

// --- JPEG: a profile in pieces (ICC.1:2022, annex B.4) ---

export function jpeg(
  profile: Buffer = Buffer.alloc(0),
  channels: 1 | 3 = 3,
  pieceBytes = 65_000,
): Promise<Buffer> {
  const count = Math.ceil(profile.length / pieceBytes);
  const pieces = Array.from({ length: count }, (_, index): Piece => {
    return [index + 1, count, profile.subarray(index * pieceBytes, (index + 1) * pieceBytes)];
  });
  return jpegOf(pieces, channels);
}

/** Its number, from 1 on, how many there are, and its part of the profile. */
type Piece = readonly [number: number, count: number, part: Buffer];

export async function jpegOf(pieces: readonly Piece[], channels: 1 | 3 = 3): Promise<Buffer> {
  const plain = await patchwork(8, channels).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
  const segments = pieces.map(([number, count, part]) =>
    segment(0xe2, Buffer.concat([Buffer.from("ICC_PROFILE\0"), Buffer.from([number, count]), part])),
  );
  return Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(2)]);
}

/** As phones write HDR (Ultra HDR 1.1): a second JPEG says how much brighter than white the first one's parts are. */
export async function withGainMap(base: Buffer): Promise<Buffer> {
  const map = await patchwork(8, 1).jpeg().toBuffer();
  const hdr = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"';
  const said = (more: string) =>
    segment(
      0xe1,
      Buffer.from(
        `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ${hdr} ${more}/></rdf:RDF></x:xmpmeta>`,
      ),
    );
  const gains = 'hdrgm:GainMapMin="0" hdrgm:GainMapMax="2" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2"';
  const second = Buffer.concat([map.subarray(0, 2), said(gains), map.subarray(2)]);
  const before = Buffer.concat([base.subarray(0, 2), said("")]);
  const index = 4 + 8 + 2 + 3 * 12 + 4;
  const first = before.length + 4 + index + 32 + base.length - 2;
  // CIPA DC-007: the two pictures' sizes and places, the second one's from the byte order mark on.
  const pictures = Buffer.concat([
    Buffer.from("MPF\0MM\0*\0\0\0\x08\0\x03", "latin1"),
    Buffer.from([0xb0, 0, 0, 7, 0, 0, 0, 4]),
    Buffer.from("0100"),
    Buffer.from([0xb0, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2]),
    Buffer.from([0xb0, 2, 0, 7, 0, 0, 0, 32, 0, 0, 0, index - 4]),
    uint32(0),
    ...[0x30000, first, 0, 0].map(uint32),
    ...[0, second.length, first - before.length - 8, 0].map(uint32),
  ]);
  return Buffer.concat([before, segment(0xe2, pictures), base.subarray(2), second]);
}

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

// --- WebP (RFC 9649 §2.7) ---

/** With a profile, which the extended format has behind its header. */
export async function webp(profile: Buffer): Promise<Buffer> {
  const plain = await patchwork().webp({ lossless: true }).toBuffer();
  const header = Buffer.from([HAS_PROFILE, 0, 0, 0, SIDE - 1, 0, 0, SIDE - 1, 0, 0]);
  const chunks = [riff("VP8X", header), riff("ICCP", profile), plain.subarray(12)];
  return riff("RIFF", Buffer.concat([Buffer.from("WEBP"), ...chunks]));
}

const HAS_PROFILE = 0x20;
const SIDE = ACROSS * PATCH;

function riff(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

// --- AVIF ---

export function avif(bitdepth: 8 | 10 = 8): Promise<Buffer> {
  return patchwork(bitdepth === 8 ? 8 : 16)
    .avif({ lossless: true, bitdepth, effort: 0 })
    .toBuffer();
}

/** With other code points in its colr box; the matrix and the range stay. */
export function nclx(file: Buffer, primaries: number, transfer: number): Buffer {
  const at = file.indexOf("colrnclx");
  if (at < 0) throw new Error("the file has no nclx");
  file.writeUInt16BE(primaries, at + 8);
  file.writeUInt16BE(transfer, at + 10);
  return file;
}

/** With another matrix in its colr box. Its own is the identity: with most others, it is decoded to other colours. */
export function withMatrix(file: Buffer, matrix: number): Buffer {
  file.writeUInt16BE(matrix, file.indexOf("colrnclx") + 12);
  return file;
}

/** Without its colr box. */
export function untagged(file: Buffer): Buffer {
  const at = file.indexOf("colrnclx");
  if (at >= 0) file.write("free", at, "latin1");
  return file;
}

/** Made by avifenc of libavif 0.11.1 from the patches. */
export function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`avif/${name}`, import.meta.url));
}
