import type { ByteReader } from "../byte-reader.ts";
import type { NamedSpan, Span } from "../dimensions.ts";
import { extentsOf, primaryItem, propertiesOf, referencesFrom } from "../iso-items.ts";
import { type Av1Colour, readSequenceHeader } from "./av1-sequence.ts";
import type { ColourTag } from "./colour-tag.ts";

/** Properties of the picture that is shown; without an nclx box, its AV1 stream says the colours (AVIF §2.2.1, as libavif does). */
export function readAvifColour(bytes: ByteReader): ColourTag {
  const all = { start: 0, end: bytes.length };
  const item = primaryItem(bytes, all);
  if (item === undefined) return {};
  const properties = propertiesOf(bytes, all, item);
  const nclx = properties.find(({ type, start }) => type === "colr" && bytes.startsWith("nclx", start));
  // Of a grid, the first tile has the stream (ISO/IEC 23008-12 §6.6.2.3).
  const [coded = item] = referencesFrom(bytes, all, "dimg", item);
  const stream = streamOf(bytes, all, coded);
  const colour = nclx === undefined ? stream : readNclx(bytes, nclx);
  const isNamed = colour !== undefined && (stream?.isGrey || colour.matrix !== DERIVED_MATRIX);
  const [premultiplied] = referencesFrom(bytes, all, "prem", item);
  return {
    ...(isNamed && { cicp: { primaries: colour.primaries, transfer: colour.transfer } }),
    ...(colour && stream?.isGrey && { grey: colour.isFullRange ? "full" : "limited" }),
    ...(premultiplied !== undefined && { premultiplied: true }),
    ...lightOf(bytes, properties),
  };
}

/** A matrix that is derived from the primaries (ITU-T H.273, table 4): then Chromium takes colours, but not greys, for sRGB. */
const DERIVED_MATRIX = 12;

/** ISO/IEC 14496-12 §12.1.5 */
function readNclx(bytes: ByteReader, { start }: Span): Omit<Av1Colour, "isGrey"> {
  return {
    primaries: bytes.uint16(start + 4),
    transfer: bytes.uint16(start + 6),
    matrix: bytes.uint16(start + 8),
    isFullRange: (bytes.uint8(start + 10) & FULL_RANGE) !== 0,
  };
}

const FULL_RANGE = 0x80;

function streamOf(bytes: ByteReader, all: Span, item: number): Av1Colour | undefined {
  try {
    const [extent] = extentsOf(bytes, all, new Set([item]));
    return extent && readSequenceHeader(bytes, extent.start, extent.end);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** ISO/IEC 14496-12 §12.1.6 and §12.1.7. */
function lightOf(bytes: ByteReader, properties: readonly NamedSpan[]): ColourTag {
  const content = properties.find(({ type }) => type === "clli");
  const display = properties.find(({ type }) => type === "mdcv");
  return {
    ...(content && { contentPeak: bytes.uint16(content.start) }),
    ...(display && { displayPeak: bytes.uint32(display.start + 16) / 10_000 }),
  };
}
