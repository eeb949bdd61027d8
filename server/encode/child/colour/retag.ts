import { crc32, deflateSync } from "node:zlib";
import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { allBoxes, boxesAt, type Span } from "../../../formats/dimensions.ts";
import { associations, hasWideIndices, primaryItem } from "../../../formats/iso-items.ts";
import { withInserted, withTail } from "../original/spare.ts";

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

// --- AVIF: places of pixels are counted from the file's start, so that a longer meta box goes to the end ---

const MOST_STEPS = 1_000_000;

function withProperty(avif: Uint8Array, profile: Buffer): Uint8Array {
  const bytes = new ByteReader(avif, new Steps(MOST_STEPS));
  try {
    const meta = longerMeta(avif, bytes, profile);
    if (meta === undefined) return avif;
    const file = Buffer.from(avif.buffer, avif.byteOffset, avif.byteLength);
    file.write("free", meta.at + 4, "latin1");
    endLastBox(file, bytes);
    return withTail(avif, avif.length, meta.box);
  } catch {
    // It ends early, or was built to cost too much.
    return avif;
  }
}

const BOX_BYTES = 8;

interface Place {
  /** Of its size, before its type. */
  readonly at: number;
  /** Of its content. */
  readonly span: Span;
}

/** The meta box with one property more, and where the old one is. */
function longerMeta(
  avif: Uint8Array,
  bytes: ByteReader,
  profile: Buffer,
): { readonly at: number; readonly box: Buffer } | undefined {
  const all = { start: 0, end: avif.length };
  const item = primaryItem(bytes, all);
  const [meta, iprp, ipco] = [["meta"], ["meta", "iprp"], ["meta", "iprp", "ipco"]].map((path) =>
    placeOf(bytes, path, all),
  );
  const owner = item === undefined ? undefined : ownerOf(bytes, all, item);
  if (meta === undefined || iprp === undefined || ipco === undefined || owner === undefined) return undefined;
  const index = [...allBoxes(bytes, ipco.span)].length + 1;
  const reference = owner.isWide ? Buffer.from([index >> 8, index & 0xff]) : Buffer.from([index]);
  if (index > (owner.isWide ? 0x7fff : 0x7f) || owner.properties === 0xff) return undefined;
  const property = Buffer.concat([
    uint32(BOX_BYTES + 4 + profile.length),
    Buffer.from("colrprof", "latin1"),
    profile,
  ]);
  const box = Buffer.from(avif.subarray(meta.at, meta.span.end));
  for (const [{ at }, more] of [
    [meta, property.length + reference.length],
    [iprp, property.length + reference.length],
    [ipco, property.length],
    [owner.ipma, reference.length],
  ] as const)
    box.writeUInt32BE(box.readUInt32BE(at - meta.at) + more, at - meta.at);
  box.writeUInt8(owner.properties + 1, owner.count - meta.at);
  for (const { type, start } of allBoxes(bytes, ipco.span))
    if (type === "colr" && !bytes.startsWith("nclx", start)) box.write("free", start - 4 - meta.at, "latin1");
  return {
    at: meta.at,
    box: insertAll(box, meta.at, [
      [ipco.span.end, property],
      [owner.end, reference],
    ]),
  };
}

/** Where the properties of the picture are listed. */
function ownerOf(bytes: ByteReader, all: Span, item: number) {
  for (const span of boxesAt(bytes, ["meta", "iprp", "ipma"], all))
    for (const entry of associations(bytes, span))
      if (entry.item === item)
        return {
          ipma: { at: span.start - BOX_BYTES, span },
          isWide: hasWideIndices(bytes, span.start),
          properties: entry.indices.length,
          count: entry.count,
          end: entry.end,
        };
  return undefined;
}

/** Only a box whose size has 32 bits. */
function placeOf(bytes: ByteReader, path: readonly string[], all: Span): Place | undefined {
  for (const span of boxesAt(bytes, path, all)) {
    const at = span.start - BOX_BYTES;
    return bytes.uint32(at) === span.end - at ? { at, span } : undefined;
  }
  return undefined;
}

function insertAll(box: Buffer, start: number, pieces: readonly (readonly [number, Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const [at, piece] of [...pieces].sort(([one], [other]) => one - other)) {
    parts.push(box.subarray(from, at - start), piece);
    from = at - start;
  }
  return Buffer.concat([...parts, box.subarray(from)]);
}

/** A last box whose size is "to the end" gets its size, because another follows. */
function endLastBox(file: Buffer, bytes: ByteReader): void {
  for (const { start } of allBoxes(bytes, { start: 0, end: file.length }))
    if (file.readUInt32BE(start - BOX_BYTES) === 0)
      file.writeUInt32BE(file.length - start + BOX_BYTES, start - BOX_BYTES);
}
