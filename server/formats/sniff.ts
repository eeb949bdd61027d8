import { ByteReader, Steps } from "./byte-reader.ts";
import { toUtf8 } from "./xml-encoding.ts";
import { findRoot } from "./xml-root.ts";

/** The type of an original, from its first bytes: names and headers can be wrong, and decoders look only at the bytes. */
export interface Sniffed {
  /** `raster` can be decoded here, `svg` is served unchanged, `other` is refused. */
  readonly kind: "raster" | "svg" | "other";
  /** Media type, such as `image/jpeg`. */
  readonly type: string;
  /** For `other`: the format and the remedy, as a message for the reader. */
  readonly detail?: string;
}

/**
 * Bytes that show the type, and nearly always the size: an SVG can begin with a licence in a comment or a long document type, a
 * photograph with a camera's EXIF and thumbnail.
 */
export const SNIFF_BYTES = 65_536;

/** More steps than any real file needs: each of its bytes is read a few times at most. */
const MOST_STEPS = 16 * SNIFF_BYTES;

/**
 * The type of an original by its first {@link SNIFF_BYTES} bytes; fewer only where it is shorter. Never throws.
 * @param steps counts the cost.
 */
export function sniff(head: Uint8Array, steps = new Steps(MOST_STEPS)): Sniffed {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, SNIFF_BYTES));
  if (bytes.length === 0) return other("application/octet-stream", "an empty file", "Upload it again.");
  const reader = new ByteReader(bytes, steps);
  const found = signatures.find(({ magic, at = 0 }) => reader.startsWith(magic, at));
  return found === undefined ? sniffText(bytes, steps) : found.read(bytes);
}

// --- binary formats ---

interface Signature {
  readonly magic: string;
  readonly at?: number;
  readonly read: (bytes: Buffer) => Sniffed;
}

const EXPORT = "Export it as JPEG and upload that.";

const raster = (type: string) => (): Sniffed => ({ kind: "raster", type });
const refused =
  (type: string, what: string, remedy = EXPORT) =>
  (): Sniffed =>
    other(type, what, remedy);

/** The more specific ones first: camera RAW files are TIFF files inside. */
const signatures: readonly Signature[] = [
  { magic: "\xff\xd8\xff", read: raster("image/jpeg") },
  { magic: "\x89PNG\r\n\x1a\n", read: raster("image/png") },
  { magic: "GIF87a", read: raster("image/gif") },
  { magic: "GIF89a", read: raster("image/gif") },
  { magic: "RIFF", read: sniffRiff },
  { magic: "ftyp", at: 4, read: sniffIsoMedia },
  { magic: "CR", at: 8, read: refused("image/x-canon-cr2", "a camera RAW file (Canon CR2)") },
  { magic: "IIU\0", read: refused("image/x-panasonic-rw2", "a camera RAW file (Panasonic RW2)") },
  { magic: "IIRO", read: refused("image/x-olympus-orf", "a camera RAW file (Olympus ORF)") },
  { magic: "IIRS", read: refused("image/x-olympus-orf", "a camera RAW file (Olympus ORF)") },
  { magic: "FUJIFILMCCD-RAW", read: refused("image/x-fuji-raf", "a camera RAW file (Fujifilm RAF)") },
  { magic: "FOVb", read: refused("image/x-sigma-x3f", "a camera RAW file (Sigma X3F)") },
  { magic: "\0MRM", read: refused("image/x-minolta-mrw", "a camera RAW file (Minolta MRW)") },
  { magic: "II*\0", read: sniffTiff },
  { magic: "MM\0*", read: sniffTiff },
  { magic: "II+\0", read: sniffTiff },
  { magic: "MM\0+", read: sniffTiff },
  { magic: "\xff\x0a", read: refused("image/jxl", "a JPEG XL image") },
  { magic: "\0\0\0\x0cJXL ", read: refused("image/jxl", "a JPEG XL image") },
  { magic: "\0\0\0\x0cjP  ", read: refused("image/jp2", "a JPEG 2000 image") },
  { magic: "\xff\x4f\xff\x51", read: refused("image/jp2", "a JPEG 2000 image") },
  { magic: "8BPS", read: refused("image/vnd.adobe.photoshop", "a Photoshop document") },
  { magic: "BM", read: refused("image/bmp", "a BMP image") },
  { magic: "\0\0\x01\0", read: refused("image/x-icon", "an icon file", "Export it as PNG and upload that.") },
  { magic: "%PDF", read: refused("application/pdf", "a PDF document", "Export the page as PNG or JPEG.") },
  { magic: "%!PS", read: refused("application/postscript", "a PostScript document", "Export it as PNG.") },
  { magic: "\x1f\x8b", read: refused("application/gzip", "a gzip file", "Upload what is in it.") },
  { magic: "PK\x03\x04", read: refused("application/zip", "a ZIP file", "Upload what is in it.") },
  { magic: "\x1aE\xdf\xa3", read: refused("video/webm", "a video", "Upload a still of it as JPEG.") },
];

function sniffRiff(bytes: Buffer): Sniffed {
  if (bytes.toString("latin1", 8, 12) === "WEBP") return { kind: "raster", type: "image/webp" };
  return other("application/octet-stream", "a RIFF file that is not WebP", EXPORT);
}

/** ISO base media files share one box; the brands say whether it is AVIF, HEIC, Canon's CR3 or a film. */
function sniffIsoMedia(bytes: Buffer): Sniffed {
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  const brands = new Set([bytes.toString("latin1", 8, 12)]);
  for (let at = 16; at + 4 <= end; at += 4) brands.add(bytes.toString("latin1", at, at + 4));
  const has = (...names: string[]) => names.some((name) => brands.has(name));
  if (brands.has("mif3"))
    return other(
      "image/avif",
      "an AVIF with a short header (mif3), which few programs read",
      "Export it as an ordinary AVIF or as JPEG.",
    );
  if (has("avif", "avis")) return { kind: "raster", type: "image/avif" };
  if (has("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"))
    return other(
      "image/heic",
      "an HEIC photograph, as iPhones take them",
      "Export it as JPEG, or set the phone to “Most Compatible”.",
    );
  if (has("crx ")) return other("image/x-canon-cr3", "a camera RAW file (Canon CR3)", EXPORT);
  return other("video/mp4", "a video", "Upload a still of it as JPEG.");
}

function sniffTiff(): Sniffed {
  return other("image/tiff", "a TIFF image or a camera RAW file (DNG, NEF, ARW and others)", EXPORT);
}

// --- text formats ---

/** Enough of a document's root for the name of its element. */
const ROOT_BYTES = 64;

function sniffText(bytes: Buffer, steps: Steps): Sniffed {
  const text = toUtf8(bytes);
  if (text === bytes ? !isText(bytes) : text.subarray(0, TEXT_BYTES).includes(0))
    return other("application/octet-stream", "not a known image format", EXPORT);
  const reader = new ByteReader(text, steps);
  const root = reader.text(findRoot(reader), ROOT_BYTES);
  if (/^<(?:[\w-]{1,40}:)?svg[\s>/]/i.test(root)) return { kind: "svg", type: "image/svg+xml" };
  if (/^<(?:!doctype\s{1,9}html|html|head|body|script|title|h1|p|div)[\s>]/i.test(root))
    return other("text/html", "an HTML page", "The upload may have stored an error page: upload it again.");
  if (root.startsWith("<"))
    return other("application/xml", "an XML document that is not SVG", "Upload the photograph itself.");
  return other("text/plain", "a text file", "Upload the photograph itself.");
}

/** Bytes that are checked to recognise text; later ones may contain errors. */
const TEXT_BYTES = 4_096;

/** A cut inside a character is not an error: up to 3 bytes at the end are ignored. */
function isText(bytes: Buffer): boolean {
  const head = bytes.subarray(0, TEXT_BYTES);
  if (head.includes(0)) return false;
  const text = head.toString("utf8");
  const broken = text.indexOf("\ufffd");
  return broken === -1 || (head.length === TEXT_BYTES && broken >= text.length - 3);
}

function other(type: string, what: string, remedy: string): Sniffed {
  return { kind: "other", type, detail: `The original is ${what}. ${remedy}` };
}
