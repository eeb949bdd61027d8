import { ByteReader, Steps } from "../formats/byte-reader.ts";
import { SNIFF_BYTES } from "../formats/sniff.ts";
import { toUtf8 } from "../formats/xml-encoding.ts";
import { findRoot, WHITE_SPACE } from "../formats/xml-root.ts";
import type { Probe } from "./encoder.ts";

/** More steps than any real file needs: each of its bytes is read a few times at most. */
const MOST_STEPS = 16 * SNIFF_BYTES;

/**
 * An SVG's size from its root element: `width` and `height` in CSS pixels, else its `viewBox`, else 0. It is read as text: the
 * server never renders SVG. Never throws.
 * @param steps counts the cost.
 */
export function describeSvg(original: Uint8Array, steps = new Steps(MOST_STEPS)): Probe {
  const attributes = rootAttributes(new ByteReader(headOf(original), steps));
  const [, , boxWidth = 0, boxHeight = 0] = (attributes.get("viewBox") ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const width = pixels(attributes.get("width"));
  const height = pixels(attributes.get("height"));
  const ratio = boxWidth > 0 && boxHeight > 0 ? boxWidth / boxHeight : 0;
  return {
    type: "image/svg+xml",
    width: rounded(width ?? (height !== undefined && ratio > 0 ? height * ratio : boxWidth)),
    height: rounded(height ?? (width !== undefined && ratio > 0 ? width / ratio : boxHeight)),
    frames: 1,
    alpha: true,
  };
}

// --- the root element ---

function headOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return toUtf8(Buffer.from(buffer, byteOffset, Math.min(byteLength, SNIFF_BYTES)));
}

const NAME_BYTES = 64;
/** A longer value is not a length. */
const VALUE_BYTES = 256;

/** Its attributes up to the first invalid one, where an XML parser would stop too. */
function rootAttributes(xml: ByteReader): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  const root = findRoot(xml);
  const [tag = ""] = /^<(?:[\w-]{1,40}:)?svg(?=\s)/i.exec(xml.text(root, NAME_BYTES)) ?? [];
  for (let at = root + tag.length; tag !== ""; ) {
    const attribute = readAttribute(xml, at);
    if (attribute === undefined) break;
    if (!attributes.has(attribute.name)) attributes.set(attribute.name, attribute.value);
    at = attribute.end;
  }
  return attributes;
}

/** White space, a name, `=` and a quoted value. */
function readAttribute(xml: ByteReader, from: number) {
  const start = xml.skip(WHITE_SPACE, from);
  const equals = xml.find("=", start);
  if (start === from || equals === -1) return undefined;
  const name = xml.text(start, Math.min(NAME_BYTES, equals - start)).trimEnd();
  const quote = xml.skip(WHITE_SPACE, equals + 1);
  const mark = xml.text(quote, 1);
  const last = mark === '"' || mark === "'" ? xml.find(mark, quote + 1) : -1;
  if (last === -1 || /[\s<>/]/.test(name)) return undefined;
  return { name, value: xml.text(quote + 1, Math.min(VALUE_BYTES, last - quote - 1)), end: last + 1 };
}

// --- lengths ---

/** CSS pixels of a unit (CSS Values 4 §6); `em` and `ex` are those of a browser without styles. */
const units: Readonly<Record<string, number>> = {
  "": 1,
  px: 1,
  in: 96,
  cm: 96 / 2.54,
  mm: 96 / 25.4,
  q: 96 / 101.6,
  pt: 96 / 72,
  pc: 16,
  em: 16,
  rem: 16,
  ex: 8,
  ch: 8,
};

/** Longer than any browser draws. */
const MOST_PIXELS = 10_000_000;

/** An absolute length; a percentage refers to something that is not known here. */
function pixels(length: string | undefined): number | undefined {
  const [, number, unit = ""] =
    /^\s*(\+?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:e[+-]?\d{1,2})?)([a-z]{0,3})\s*$/i.exec(length ?? "") ??
    [];
  const factor = units[unit.toLowerCase()];
  if (number === undefined || factor === undefined) return undefined;
  const value = Number(number) * factor;
  return value < MOST_PIXELS ? value : undefined;
}

function rounded(length: number): number {
  return Number.isFinite(length) && length > 0 ? Math.round(length) : 0;
}
