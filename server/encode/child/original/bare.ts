import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { boxesAt, type Span } from "../../../formats/dimensions.ts";
import { type GifBlock, gifBlocks, screenBytes } from "../../../formats/gif.ts";
import { extentsOf } from "../../../formats/iso-items.ts";
import type { Original } from "./original.ts";

/**
 * An original's file without its metadata; everything that affects its look stays.
 * @throws RangeError if the file ends early: then its content is unknown.
 */
export function bareFile(original: Original): Uint8Array {
  const { bytes } = original;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (original.type) {
    case "image/gif":
      return bareGif(file, original.frames);
    case "image/png":
      return barePng(file);
    case "image/webp":
      return bareWebp(file);
    default:
      return bareAvif(file);
  }
}

// --- GIF ---

/** The number of repetitions is in an application extension: Netscape's, which all browsers know. */
const LOOPS: ReadonlySet<string> = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);

/** @param frames of the file; frames after them were added for a decoder (gif-canvas.ts). */
function bareGif(gif: Buffer, frames: number): Uint8Array {
  const kept = [gif.subarray(0, screenBytes(gif))];
  let left = frames;
  for (const block of gifBlocks(gif)) {
    if (!isShown(gif, block)) continue;
    kept.push(gif.subarray(block.start, block.end));
    if (block.kind === "image") left--;
    if (left === 0) break;
  }
  return Buffer.concat([...kept, Buffer.from([0x3b])]);
}

function isShown(gif: Buffer, { kind, start }: GifBlock): boolean {
  if (kind === "application") return LOOPS.has(gif.toString("latin1", start + 3, start + 14));
  return kind === "image" || kind === "control";
}

// --- PNG: lean.ts has left out all but these ---

function barePng(png: Buffer): Uint8Array {
  const kept = [png.subarray(0, 8)];
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    if (!["eXIf", "iTXt", "zTXt", "tEXt"].includes(png.toString("latin1", at + 4, at + 8)))
      kept.push(png.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

// --- WebP (RFC 9649 §2.7) ---

const LOOKS: ReadonlySet<string> = new Set(["VP8X", "ICCP", "ANIM", "ANMF", "ALPH", "VP8 ", "VP8L"]);
/** Flags of the header: EXIF and XMP exist. */
const METADATA = 0x08 | 0x04;

function bareWebp(webp: Buffer): Uint8Array {
  const kept: Buffer[] = [];
  for (let at = 12; at + 8 <= webp.length; ) {
    const bytes = webp.readUInt32LE(at + 4);
    const end = at + 8 + bytes + (bytes % 2);
    if (LOOKS.has(webp.toString("latin1", at, at + 4))) kept.push(webp.subarray(at, end));
    at = end;
  }
  const file = Buffer.concat([webp.subarray(0, 12), ...kept]);
  file.writeUInt32LE(file.length - 8, 4);
  file.writeUInt8(file.readUInt8(20) & ~METADATA, 20);
  return file;
}

// --- AVIF: places in it are counted from its start, so that what goes becomes zeros (ISO/IEC 14496-12) ---

const MOST_STEPS = 1_000_000;

function bareAvif(avif: Buffer): Uint8Array {
  const file = Buffer.from(avif);
  const bytes = new ByteReader(file, new Steps(MOST_STEPS));
  const all = { start: 0, end: file.length };
  const metadata = new Set(itemsOfMetadata(bytes, all));
  for (const { start, end } of extentsOf(bytes, all, metadata)) file.fill(0, start, end);
  for (const path of [
    ["udta"],
    ["moov", "udta"],
    ["moov", "trak", "udta"],
    ["uuid"],
    ["moov", "meta"],
    ["moov", "trak", "meta"],
  ])
    for (const { start, end } of [...boxesAt(bytes, path, all)]) {
      file.fill(0, start, end);
      file.write("free", start - 4, "latin1");
    }
  return file;
}

/** Ids of items that hold EXIF or XMP (§8.11.6). */
function* itemsOfMetadata(bytes: ByteReader, all: Span): Generator<number> {
  for (const iinf of boxesAt(bytes, ["meta", "iinf"], all)) {
    const start = iinf.start + (bytes.uint8(iinf.start) === 0 ? 6 : 8);
    for (const { start: at } of boxesAt(bytes, ["infe"], { start, end: iinf.end })) {
      const isWide = bytes.uint8(at) > 2;
      const id = isWide ? bytes.uint32(at + 4) : bytes.uint16(at + 4);
      const type = bytes.text(at + (isWide ? 10 : 8), 4);
      if (type === "Exif" || type === "mime" || type === "uri ") yield id;
    }
  }
}
