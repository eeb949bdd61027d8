import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Sharp } from "sharp";
import type { Copyright } from "./copyright.ts";
import { escapeXml } from "./text.ts";

/** An encoded image with rights, and the bytes that complete its file. */
export interface WithCopyright {
  readonly image: Sharp;
  /** Changes the encoded file in place. */
  readonly complete: (file: Buffer) => void;
}

/**
 * Writes new blocks with the rights: other content of the original's blocks, such as the GPS position, is not copied. libvips
 * writes only ASCII into EXIF, so a placeholder with the same number of bytes is written for other texts.
 */
export function writeCopyright(image: Sharp, copyright: Copyright): WithCopyright {
  const { creator, copyright: notice } = copyright;
  const fields = [
    ["Artist", creator],
    ["Copyright", notice],
  ] as const;
  const texts = fields.flatMap(([name, text]) => (text === undefined ? [] : [{ name, ...placed(text) }]));
  const exif = Object.fromEntries(texts.map(({ name, written }) => [name, written]));
  const withExif = texts.length > 0 ? image.withExif({ IFD0: exif }) : image;
  const needsXmp = copyright.licence !== undefined || texts.some(({ meant }) => meant !== undefined);
  return {
    image: needsXmp ? withExif.withXmp(xmpOf(copyright)) : withExif,
    complete: (file) => {
      for (const { written, meant } of texts) if (meant !== undefined) replace(file, written, meant);
    },
  };
}

// --- EXIF ---

/** Shorter placeholders could occur elsewhere by accident. */
const LEAST_BYTES = 12;

/** The placeholder for a text, and the bytes that replace it; none if the text is ASCII. */
function placed(text: string): { readonly written: string; readonly meant?: Buffer } {
  const utf8 = Buffer.from(text);
  if (utf8.length === text.length) return { written: text };
  const meant = Buffer.alloc(Math.max(LEAST_BYTES, utf8.length));
  utf8.copy(meant);
  return { written: randomBytes(meant.length).toString("hex").slice(0, meant.length), meant };
}

function replace(file: Buffer, written: string, meant: Buffer): void {
  const at = file.indexOf(written, 0, "latin1");
  if (at === -1) return;
  meant.copy(file, at);
  if (file.toString("latin1", 1, 4) === "PNG") updateChecksum(file, at);
}

/** The checksum of the PNG chunk that contains this position (third edition, §5.3). */
function updateChecksum(png: Buffer, place: number): void {
  for (let at = 8; at < place; ) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end > place) png.writeUInt32BE(crc32(png.subarray(at + 4, end)), end);
    at = end + 4;
  }
}

// --- XMP ---

function xmpOf({ creator, copyright, licence }: Copyright): string {
  return [
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ' xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"',
    licence === undefined ? ">" : ` xmpRights:WebStatement="${escapeXml(licence)}">`,
    creator === undefined
      ? ""
      : `<dc:creator><rdf:Seq><rdf:li>${escapeXml(creator)}</rdf:li></rdf:Seq></dc:creator>`,
    copyright === undefined
      ? ""
      : `<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(copyright)}</rdf:li></rdf:Alt></dc:rights>`,
    "</rdf:Description></rdf:RDF></x:xmpmeta>",
  ].join("");
}
