import type { Metadata, Sharp } from "sharp";

/** Whose a photograph is and on what terms: all of its metadata that may go out with it. */
export interface Rights {
  readonly artist?: string;
  readonly copyright?: string;
  /** Address of the licence or of a page about the rights. */
  readonly licence?: string;
}

/** The rights that an original's EXIF and XMP tell; damaged metadata tells none. */
export function readRights({ exif, xmp }: Pick<Metadata, "exif" | "xmp">): Rights {
  const tags = exif === undefined ? new Map<number, string>() : readTexts(exif);
  const packet = xmp?.toString("utf8") ?? "";
  const artist = tags.get(ARTIST) ?? listItem(packet, "dc:creator");
  const copyright = tags.get(COPYRIGHT) ?? listItem(packet, "dc:rights");
  const licence = property(packet, "cc:license") ?? property(packet, "xmpRights:WebStatement");
  return {
    ...(artist !== undefined && { artist }),
    ...(copyright !== undefined && { copyright }),
    ...(licence !== undefined && { licence }),
  };
}

/** Writes the rights anew: what else stood in the same blocks, such as where it was taken, does not come along. */
export function writeRights(image: Sharp, { artist, copyright, licence }: Rights): Sharp {
  const exif = { ...(artist && { Artist: artist }), ...(copyright && { Copyright: copyright }) };
  const withExif = Object.keys(exif).length > 0 ? image.withExif({ IFD0: exif }) : image;
  return licence === undefined ? withExif : withExif.withXmp(xmpOf(licence));
}

// --- EXIF: a TIFF file inside (EXIF 2.32 §4.6) ---

const ARTIST = 0x013b;
const COPYRIGHT = 0x8298;
const ASCII = 2;

function readTexts(exif: Buffer): Map<number, string> {
  const texts = new Map<number, string>();
  try {
    const tiff = exif.toString("latin1", 0, 4) === "Exif" ? exif.subarray(6) : exif;
    const little = tiff.toString("latin1", 0, 2) === "II";
    const short = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
    const long = (at: number) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
    const directory = long(4);
    for (let entry = 0; entry < short(directory); entry++) {
      const at = directory + 2 + 12 * entry;
      if (short(at + 2) !== ASCII) continue;
      const length = long(at + 4);
      const start = length <= 4 ? at + 8 : long(at + 8);
      const text = cleaned(tiff.toString("utf8", start, start + length));
      if (text !== undefined) texts.set(short(at), text);
    }
  } catch {
    // The block ends before what it promises.
  }
  return texts;
}

// --- XMP: RDF in XML, of which a few properties are looked for, not understood ---

function listItem(packet: string, name: string): string | undefined {
  const [, list] = new RegExp(`<${name}>([\\s\\S]{0,4000}?)</${name}>`).exec(packet) ?? [];
  const [, item] = /<rdf:li[^>]{0,200}>([^<]{1,2000})<\/rdf:li>/.exec(list ?? "") ?? [];
  return cleaned(item);
}

function property(packet: string, name: string): string | undefined {
  const asAttribute = new RegExp(`\\s${name}="([^"<]{1,2000})"`).exec(packet)?.[1];
  const asResource = new RegExp(`<${name}\\s[^>]{0,100}?rdf:resource="([^"<]{1,2000})"`).exec(packet)?.[1];
  const asElement = new RegExp(`<${name}>([^<]{1,2000})</${name}>`).exec(packet)?.[1];
  const address = cleaned(asAttribute ?? asResource ?? asElement)?.replaceAll("&amp;", "&");
  return address !== undefined && /^https?:\/\//.test(address) ? address : undefined;
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
