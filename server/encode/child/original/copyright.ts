import type { Metadata } from "sharp";
import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { readIptc } from "./iptc.ts";
import { cleaned, decodeReferences, decodeText } from "./text.ts";

/** Author and terms of a photograph: the only metadata that can be in a variant. */
export interface Copyright {
  readonly artist?: string;
  readonly copyright?: string;
  /** Address of the licence, or of a page about the rights. */
  readonly licence?: string;
}

/** Later parts of a packet are not searched; a packet that many programs have written to has some hundred kilobytes. */
const MOST_XMP_BYTES = 2 ** 20;

/** Four passes over a packet, and the same again for EXIF. */
const MOST_STEPS = 8 * MOST_XMP_BYTES;

/**
 * The rights in an original's EXIF, XMP and IPTC, in this order; from damaged metadata, those before the damage.
 * @param steps counts the cost.
 */
export function readCopyright(
  { exif, xmp, iptc }: Pick<Metadata, "exif" | "xmp" | "iptc">,
  steps = new Steps(MOST_STEPS),
): Copyright {
  const found: { -readonly [Name in keyof Copyright]: Copyright[Name] } = {};
  const collect = (all: Iterable<readonly [keyof Copyright, string | undefined]>): void => {
    try {
      for (const [name, text] of all) if (text !== undefined) found[name] ??= text;
    } catch {
      // It ends early, or was built to cost too much.
    }
  };
  if (exif !== undefined) collect(readTags(new ByteReader(exif, steps)));
  if (xmp !== undefined) collect(readPacket(new ByteReader(xmp.subarray(0, MOST_XMP_BYTES), steps)));
  if (iptc !== undefined) collect(readIptc(new ByteReader(iptc, steps)));
  return found;
}

// --- EXIF: a TIFF file inside (EXIF 2.32 §4.6) ---

const tags: ReadonlyMap<number, keyof Copyright> = new Map([
  [0x013b, "artist"],
  [0x8298, "copyright"],
]);
/** By EXIF 2.32 text is ASCII; by EXIF 3.0 §4.6.2 it can be UTF-8. */
const texts: ReadonlySet<number> = new Set([2, 129]);

/** Bytes of the longest text that is kept. */
const MOST_TEXT_BYTES = 2_000;

type Found = Generator<readonly [keyof Copyright, string | undefined]>;

function* readTags(exif: ByteReader): Found {
  const tiff = exif.startsWith("Exif", 0) ? 6 : 0;
  const order = exif.startsWith("II", tiff) ? "little" : "big";
  const directory = tiff + exif.uint32(tiff + 4, order);
  const count = exif.uint16(directory, order);
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + 12 * entry;
    const name = tags.get(exif.uint16(at, order));
    if (name === undefined || !texts.has(exif.uint16(at + 2, order))) continue;
    const bytes = exif.uint32(at + 4, order);
    const start = bytes <= 4 ? at + 8 : tiff + exif.uint32(at + 8, order);
    yield [name, cleaned(decodeText(exif.bytes(start, Math.min(bytes, MOST_TEXT_BYTES))))];
  }
}

// --- XMP: RDF in XML, of which a few properties are looked for, not understood ---

/** The start of a property is not longer than this number of bytes. */
const TAG_BYTES = 200;
const LIST_BYTES = 4_000;

function* readPacket(xmp: ByteReader): Found {
  yield ["artist", listItem(xmp, "dc:creator")];
  yield ["copyright", listItem(xmp, "dc:rights")];
  yield ["licence", address(xmp, "cc:license")];
  yield ["licence", address(xmp, "xmpRights:WebStatement")];
}

/** The first item of a list, as in `dc:creator`. */
function listItem(xmp: ByteReader, name: string): string | undefined {
  const list = xmp.find(`<${name}>`, 0);
  if (list === -1) return undefined;
  const item = xmp.find("<rdf:li", list, list + LIST_BYTES);
  const start = item === -1 ? -1 : xmp.find(">", item, item + TAG_BYTES);
  return start === -1 ? undefined : valueUpTo(xmp, "</rdf:li>", start + 1);
}

/** A property with a wrong value in one of these forms is not searched further. */
const MOST_PLACES = 8;

/** A web address in any of XMP's three forms: attribute, resource or element. */
function address(xmp: ByteReader, name: string): string | undefined {
  let at = xmp.find(name, 0);
  for (let place = 0; at !== -1 && place < MOST_PLACES; place++) {
    const found = addressAt(xmp, at + name.length);
    if (found !== undefined && /^https?:\/\//.test(found)) return found;
    at = xmp.find(name, at + name.length);
  }
  return undefined;
}

function addressAt(xmp: ByteReader, end: number): string | undefined {
  for (const quote of quotes) if (xmp.startsWith(`=${quote}`, end)) return valueUpTo(xmp, quote, end + 2);
  if (xmp.startsWith(">", end)) return valueUpTo(xmp, "</", end + 1);
  const tagEnd = xmp.find(">", end, end + TAG_BYTES + MOST_TEXT_BYTES);
  const resource = tagEnd === -1 ? -1 : xmp.find(RESOURCE, end, Math.min(tagEnd, end + TAG_BYTES));
  if (resource === -1) return undefined;
  const value = resource + RESOURCE.length;
  return valueUpTo(xmp, xmp.text(value, 1), value + 1);
}

const quotes = ['"', "'"] as const;
const RESOURCE = "rdf:resource=";

function valueUpTo(xmp: ByteReader, mark: string, start: number): string | undefined {
  const end = xmp.find(mark, start, start + MOST_TEXT_BYTES + mark.length);
  const text = end === -1 ? "<" : xmp.text(start, end - start, "utf8");
  return text.includes("<") ? undefined : cleaned(decodeReferences(text));
}
