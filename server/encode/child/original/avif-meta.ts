import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { allBoxes, boxesAt, type Span } from "../../../formats/dimensions.ts";
import {
  alphaItem,
  associations,
  hasWideIndices,
  primaryItem,
  propertiesOf,
} from "../../../formats/iso-items.ts";
import { withTail } from "./spare.ts";

/*
 * Changes in the meta box of an AVIF. Places of pixels are counted from the file's start, so that a longer meta box goes to the end.
 * Each function changes the bytes in place, and returns the same memory if it has space, or a copy; the file unchanged if it cannot be
 * changed. None of them throws.
 */

/** With an ICC profile in front of all others. */
export function withProperty(avif: Uint8Array, profile: Buffer): Uint8Array {
  return changed(avif, (bytes, all) => {
    const item = primaryItem(bytes, all);
    const head = Buffer.concat([uint32(BOX_BYTES + 4 + profile.length), Buffer.from("colrprof", "latin1")]);
    return item === undefined ? undefined : { item, property: Buffer.concat([head, profile]), shared: [] };
  });
}

/**
 * With an alpha channel that is turned, mirrored and cut as its picture is: browsers do that, but libheif only if the file says so
 * for both, which avifenc does not.
 */
export function withTurnedAlpha(avif: Uint8Array): Uint8Array {
  return changed(avif, (bytes, all) => {
    const item = primaryItem(bytes, all);
    const alpha = item === undefined ? undefined : alphaItem(bytes, all, item);
    if (item === undefined || alpha === undefined) return undefined;
    const [container] = boxesAt(bytes, ["meta", "iprp", "ipco"], all);
    const types = container === undefined ? [] : [...allBoxes(bytes, container)].map(({ type }) => type);
    const shared = indicesOf(bytes, all, item).filter((index) => turns.has(types[index - 1] ?? ""));
    const own = propertiesOf(bytes, all, alpha).some(({ type }) => turns.has(type));
    return own || shared.length === 0 ? undefined : { item: alpha, shared };
  });
}

const turns: ReadonlySet<string> = new Set(["irot", "imir", "clap"]);

function indicesOf(bytes: ByteReader, all: Span, item: number): readonly number[] {
  for (const box of boxesAt(bytes, ["meta", "iprp", "ipma"], all))
    for (const entry of associations(bytes, box)) if (entry.item === item) return entry.indices;
  return [];
}

// --- a longer meta box ---

interface Change {
  readonly item: number;
  /** A new property of the item. */
  readonly property?: Buffer;
  /** Indices of properties that it gets too; they are essential. */
  readonly shared: readonly number[];
}

const MOST_STEPS = 1_000_000;

function changed(avif: Uint8Array, find: (bytes: ByteReader, all: Span) => Change | undefined): Uint8Array {
  const bytes = new ByteReader(avif, new Steps(MOST_STEPS));
  try {
    const change = find(bytes, { start: 0, end: avif.length });
    const meta = change && longerMeta(avif, bytes, change);
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

/** The meta box with the change, and where the old one is. */
function longerMeta(
  avif: Uint8Array,
  bytes: ByteReader,
  { item, property, shared }: Change,
): { readonly at: number; readonly box: Buffer } | undefined {
  const all = { start: 0, end: avif.length };
  const [meta, iprp, ipco] = [["meta"], ["meta", "iprp"], ["meta", "iprp", "ipco"]].map((path) =>
    placeOf(bytes, path, all),
  );
  const owner = ownerOf(bytes, all, item);
  if (meta === undefined || iprp === undefined || ipco === undefined || owner === undefined) return undefined;
  const added = property === undefined ? [] : [[...allBoxes(bytes, ipco.span)].length + 1];
  const essential = owner.isWide ? 0x8000 : 0x80;
  if ([...shared, ...added].some((index) => index >= essential)) return undefined;
  if (owner.properties + shared.length + added.length > 0xff) return undefined;
  const references = Buffer.from(
    [...shared.map((index) => index | essential), ...added].flatMap((index) =>
      owner.isWide ? [index >> 8, index & 0xff] : [index],
    ),
  );
  const box = Buffer.from(avif.subarray(meta.at, meta.span.end));
  const longer = property?.length ?? 0;
  for (const [{ at }, more] of [
    [meta, longer + references.length],
    [iprp, longer + references.length],
    [ipco, longer],
    [owner.ipma, references.length],
  ] as const)
    box.writeUInt32BE(box.readUInt32BE(at - meta.at) + more, at - meta.at);
  box.writeUInt8(owner.properties + shared.length + added.length, owner.count - meta.at);
  if (property !== undefined)
    for (const { type, start } of allBoxes(bytes, ipco.span))
      if (type === "colr" && !bytes.startsWith("nclx", start))
        box.write("free", start - 4 - meta.at, "latin1");
  return {
    at: meta.at,
    box: insertAll(box, meta.at, [
      [ipco.span.end, property ?? Buffer.alloc(0)],
      [owner.end, references],
    ]),
  };
}

/** Where the properties of an item are listed. */
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

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
