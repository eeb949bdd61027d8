import type { Metadata, Sharp } from "sharp";
import { ByteReader, Steps } from "../../../formats/byte-reader.ts";

/** Whose a photograph is and on what terms: all of its metadata that may go out with it. */
export interface Copyright {
  readonly artist?: string;
  readonly copyright?: string;
  /** Address of the licence or of a page about the rights. */
  readonly licence?: string;
}

/** What comes later in a packet is not looked for; one that many programs have written to has some hundred kilobytes. */
const MOST_XMP_BYTES = 2 ** 20;

/** Four passes over a packet, and as much again for EXIF. */
const MOST_STEPS = 8 * MOST_XMP_BYTES;

/**
 * The rights that an original's EXIF and XMP tell, EXIF's first; of damaged metadata those before the damage.
 * @param steps counts what it costs.
 */
export function readCopyright(
  { exif, xmp }: Pick<Metadata, "exif" | "xmp">,
  steps = new Steps(MOST_STEPS),
): Copyright {
  const found: { -readonly [Name in keyof Copyright]: Copyright[Name] } = {};
  const collect = (all: Iterable<readonly [keyof Copyright, string | undefined]>): void => {
    try {
      for (const [name, text] of all) if (text !== undefined) found[name] ??= text;
    } catch {
      // It ends before what it promises, or was made to cost.
    }
  };
  if (exif !== undefined) collect(readTags(new ByteReader(exif, steps)));
  if (xmp !== undefined) collect(readPacket(new ByteReader(xmp.subarray(0, MOST_XMP_BYTES), steps)));
  return found;
}

/** Writes the rights anew: what else stood in the same blocks, such as where it was taken, does not come along. */
export function writeCopyright(image: Sharp, { artist, copyright, licence }: Copyright): Sharp {
  const exif = { ...(artist && { Artist: artist }), ...(copyright && { Copyright: copyright }) };
  const withExif = Object.keys(exif).length > 0 ? image.withExif({ IFD0: exif }) : image;
  return licence === undefined ? withExif : withExif.withXmp(xmpOf(licence));
}

// --- EXIF: a TIFF file inside (EXIF 2.32 §4.6) ---

const tags: ReadonlyMap<number, keyof Copyright> = new Map([
  [0x013b, "artist"],
  [0x8298, "copyright"],
]);
const ASCII = 2;

/** UTF-8 of the longest line that is kept. */
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
    if (name === undefined || exif.uint16(at + 2, order) !== ASCII) continue;
    const bytes = exif.uint32(at + 4, order);
    const start = bytes <= 4 ? at + 8 : tiff + exif.uint32(at + 8, order);
    yield [name, cleaned(exif.text(start, Math.min(bytes, MOST_TEXT_BYTES), "utf8"))];
  }
}

// --- XMP: RDF in XML, of which a few properties are looked for, not understood ---

/** Beyond these, in bytes, nothing belongs to a property's start. */
const TAG_BYTES = 200;
const LIST_BYTES = 4_000;

function* readPacket(xmp: ByteReader): Found {
  yield ["artist", listItem(xmp, "dc:creator")];
  yield ["copyright", listItem(xmp, "dc:rights")];
  yield ["licence", address(xmp, "cc:license")];
  yield ["licence", address(xmp, "xmpRights:WebStatement")];
}

/** The first item of a list, as `dc:creator` has it. */
function listItem(xmp: ByteReader, name: string): string | undefined {
  const list = xmp.find(`<${name}>`, 0);
  if (list === -1) return undefined;
  const item = xmp.find("<rdf:li", list, list + LIST_BYTES);
  const start = item === -1 ? -1 : xmp.find(">", item, item + TAG_BYTES);
  return start === -1 ? undefined : valueUpTo(xmp, "</rdf:li>", start + 1);
}

/** A property that is not what it should be in any of these is not looked for further. */
const MOST_PLACES = 8;

/** A web address, whichever of XMP's three ways it is written in: attribute, resource or element. */
function address(xmp: ByteReader, name: string): string | undefined {
  let at = xmp.find(name, 0);
  for (let place = 0; at !== -1 && place < MOST_PLACES; place++) {
    const found = addressAt(xmp, at + name.length)?.replaceAll("&amp;", "&");
    if (found !== undefined && /^https?:\/\//.test(found)) return found;
    at = xmp.find(name, at + name.length);
  }
  return undefined;
}

function addressAt(xmp: ByteReader, end: number): string | undefined {
  if (xmp.startsWith('="', end)) return valueUpTo(xmp, '"', end + 2);
  if (xmp.startsWith(">", end)) return valueUpTo(xmp, "</", end + 1);
  const tagEnd = xmp.find(">", end, end + TAG_BYTES + MOST_TEXT_BYTES);
  const resource = tagEnd === -1 ? -1 : xmp.find(RESOURCE, end, Math.min(tagEnd, end + TAG_BYTES));
  return resource === -1 ? undefined : valueUpTo(xmp, '"', resource + RESOURCE.length);
}

const RESOURCE = 'rdf:resource="';

function valueUpTo(xmp: ByteReader, mark: string, start: number): string | undefined {
  const end = xmp.find(mark, start, start + MOST_TEXT_BYTES + mark.length);
  const text = end === -1 ? "<" : xmp.text(start, end - start, "utf8");
  return text.includes("<") ? undefined : cleaned(text);
}

function xmpOf(licence: string): string {
  const escaped = licence.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return [
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"',
    ` xmpRights:WebStatement="${escaped}"/></rdf:RDF></x:xmpmeta>`,
  ].join("");
}

/** One line without control characters, of a length that a name has; undefined when nothing is left. */
function cleaned(text: string | undefined): string | undefined {
  const line = text
    ?.replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 500);
  return line === "" ? undefined : line;
}
