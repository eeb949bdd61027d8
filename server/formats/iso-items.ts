import type { ByteReader } from "./byte-reader.ts";
import { allBoxes, boxesAt, type NamedSpan, type Span } from "./dimensions.ts";

/**
 * Items of an ISO base media file: its pictures, and their metadata (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12). Each function
 * throws RangeError if the bytes end early.
 */

/** The number of the picture that is shown (§8.11.4). */
export function primaryItem(bytes: ByteReader, all: Span): number | undefined {
  for (const { start } of boxesAt(bytes, ["meta", "pitm"], all))
    return bytes.uint8(start) === 0 ? bytes.uint16(start + 4) : bytes.uint32(start + 4);
  return undefined;
}

/** The properties of an item, in the order of its associations (ISO/IEC 23008-12 §9.3). */
export function propertiesOf(bytes: ByteReader, all: Span, item: number): NamedSpan[] {
  const [container] = boxesAt(bytes, ["meta", "iprp", "ipco"], all);
  if (container === undefined) return [];
  const properties = [...allBoxes(bytes, container)];
  for (const box of boxesAt(bytes, ["meta", "iprp", "ipma"], all))
    for (const entry of associations(bytes, box))
      if (entry.item === item)
        return entry.indices.flatMap((index) => {
          const property = properties[index - 1];
          return property === undefined ? [] : [property];
        });
  return [];
}

/** The alpha channel of a picture, which is an item of its own (ISO/IEC 23008-12 §6.4.6 and §6.5.8). */
export function alphaItem(bytes: ByteReader, all: Span, picture: number): number | undefined {
  for (const box of boxesAt(bytes, ["meta", "iprp", "ipma"], all))
    for (const { item } of associations(bytes, box)) {
      const isAlpha = propertiesOf(bytes, all, item).some(
        ({ type, start }) => type === "auxC" && bytes.startsWith(ALPHA, start + 4),
      );
      if (isAlpha && [...referencesFrom(bytes, all, "auxl", item)].includes(picture)) return item;
    }
  return undefined;
}

const ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

/** The properties of one item. */
export interface Associations {
  readonly item: number;
  /** From 1; 0 is none. */
  readonly indices: readonly number[];
  /** Where its count of one byte is, and where its last index ends. */
  readonly count: number;
  readonly end: number;
}

/** The entries of an ipma box, from its content. */
export function* associations(bytes: ByteReader, { start, end }: Span): Generator<Associations> {
  const isWideItem = bytes.uint8(start) > 0;
  const isWideIndex = hasWideIndices(bytes, start);
  let at = start + 8;
  for (let left = bytes.uint32(start + 4); left > 0 && at < end; left--) {
    const item = isWideItem ? bytes.uint32(at) : bytes.uint16(at);
    const count = at + (isWideItem ? 4 : 2);
    const indices = Array.from({ length: bytes.uint8(count) }, (_, index) =>
      isWideIndex ? bytes.uint16(count + 1 + 2 * index) & 0x7fff : bytes.uint8(count + 1 + index) & 0x7f,
    );
    at = count + 1 + indices.length * (isWideIndex ? 2 : 1);
    yield { item, indices, count, end: at };
  }
}

/** By a flag of an ipma box: indices have 15 bits, not 7. */
export function hasWideIndices(bytes: ByteReader, start: number): boolean {
  return (bytes.uint8(start + 3) & 1) !== 0;
}

/** The items that an item refers to (§8.11.12). */
export function* referencesFrom(bytes: ByteReader, all: Span, type: string, from: number): Generator<number> {
  for (const iref of boxesAt(bytes, ["meta", "iref"], all)) {
    const isWide = bytes.uint8(iref.start) > 0;
    const read = (at: number) => (isWide ? bytes.uint32(at) : bytes.uint16(at));
    const size = isWide ? 4 : 2;
    for (const { start } of boxesAt(bytes, [type], { start: iref.start + 4, end: iref.end })) {
      if (read(start) !== from) continue;
      const count = bytes.uint16(start + size);
      for (let index = 0; index < count; index++) yield read(start + size + 2 + index * size);
    }
  }
}

/** Byte ranges of some items (§8.11.3). @throws RangeError if they are not given in a simple form. */
export function* extentsOf(bytes: ByteReader, all: Span, wanted: ReadonlySet<number>): Generator<Span> {
  for (const { start } of boxesAt(bytes, ["meta", "iloc"], all)) {
    const version = bytes.uint8(start);
    const sizes = bytes.uint16(start + 4);
    const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
    const indexBytes = version > 0 ? sizes & 15 : 0;
    let at = start + 6;
    const read = (size: number): number => {
      at += size;
      if (size === 0) return 0;
      if (size === 2) return bytes.uint16(at - 2);
      return size === 8 ? bytes.uint32(at - 8) * 2 ** 32 + bytes.uint32(at - 4) : bytes.uint32(at - 4);
    };
    const idBytes = version > 1 ? 4 : 2;
    for (let items = read(idBytes); items > 0; items--) {
      const id = read(idBytes);
      const method = version > 0 ? read(2) & 15 : 0;
      read(2);
      const base = read(baseBytes) + (method === 1 ? idatOf(bytes, all) : 0);
      const extents = read(2);
      if (!wanted.has(id)) {
        at += extents * (indexBytes + offsetBytes + lengthBytes);
        continue;
      }
      for (let left = extents; left > 0; left--) {
        read(indexBytes);
        const from = base + read(offsetBytes);
        const length = read(lengthBytes);
        if (length === 0 || from + length > all.end) throw new RangeError("no place for an item");
        yield { start: from, end: from + length };
      }
    }
  }
}

function idatOf(bytes: ByteReader, all: Span): number {
  for (const { start } of boxesAt(bytes, ["meta", "idat"], all)) return start;
  throw new RangeError("no idat");
}
