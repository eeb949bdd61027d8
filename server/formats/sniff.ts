import { type FormatName, formats } from "../../contract/formats.ts";
import { type RefusedFormat, refusalWords, refusedFormats } from "../../contract/refused-formats.ts";
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
  if (bytes.length === 0) return refused("empty");
  const reader = new ByteReader(bytes, steps);
  const [name] = marked.find(([, marks]) => marks.some((mark) => isMarked(reader, mark))) ?? [];
  return name === undefined ? sniffText(bytes, steps) : sniffed(name);
}

// --- binary formats ---

/** Recognised without a signature. */
type NoSignature = "svg" | "html" | "xml" | "text" | "empty" | "unknown";

type Recognised = Exclude<FormatName | RefusedFormat, NoSignature>;

/** A signature: all of it must match. */
interface Mark {
  readonly magic: string;
  readonly at?: number;
  /** More bytes at another place. */
  readonly inner?: string;
  readonly innerAt?: number;
  /** For ISO base media files (ISO/IEC 14496-12 §4.3): one of these is the major or a compatible brand. Empty: any brand. */
  readonly brands?: readonly string[];
}

const riff = (form: string): Mark => ({ magic: "RIFF", inner: form, innerAt: 8 });
/** Its first box is short. A text can have the same letters at this place. */
const isoMedia = (...brands: string[]): Mark => ({ magic: "\0\0", inner: "ftyp", innerAt: 4, brands });

/** The more specific ones first: camera RAW files are TIFF files inside, and any other ISO base media file is a video. */
const signatures: Readonly<Record<Recognised, readonly Mark[]>> = {
  jpg: [{ magic: "\xff\xd8\xff" }],
  png: [{ magic: "\x89PNG\r\n\x1a\n" }],
  gif: [{ magic: "GIF87a" }, { magic: "GIF89a" }],
  webp: [riff("WEBP")],
  avi: [riff("AVI ")],
  riff: [{ magic: "RIFF" }],
  shortAvif: [isoMedia("mif3")],
  avif: [isoMedia("avif", "avis")],
  heic: [isoMedia("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1")],
  cr3: [isoMedia("crx ")],
  mov: [isoMedia("qt  "), ...["moov", "mdat", "wide"].map((inner) => ({ magic: "\0", inner, innerAt: 4 }))],
  mp4: [isoMedia()],
  cr2: [{ magic: "CR", at: 8 }],
  rw2: [{ magic: "IIU\0" }],
  orf: [{ magic: "IIRO" }, { magic: "IIRS" }],
  raf: [{ magic: "FUJIFILMCCD-RAW" }],
  x3f: [{ magic: "FOVb" }],
  mrw: [{ magic: "\0MRM" }],
  tiff: ["II*\0", "MM\0*", "II+\0", "MM\0+"].map((magic) => ({ magic })),
  jxl: [{ magic: "\xff\x0a" }, { magic: "\0\0\0\x0cJXL " }],
  jp2: [{ magic: "\0\0\0\x0cjP  " }, { magic: "\xff\x4f\xff\x51" }],
  psd: [{ magic: "8BPS" }],
  bmp: [{ magic: "BM" }],
  ico: [{ magic: "\0\0\x01\0" }],
  pdf: [{ magic: "%PDF" }],
  ps: [{ magic: "%!PS" }],
  gzip: [{ magic: "\x1f\x8b" }],
  zip: [{ magic: "PK\x03\x04" }],
  webm: [{ magic: "\x1aE\xdf\xa3" }],
};

const marked = Object.entries(signatures) as [Recognised, readonly Mark[]][];

function isMarked(bytes: ByteReader, { magic, at = 0, inner = "", innerAt = 0, brands = [] }: Mark): boolean {
  if (!bytes.startsWith(magic, at) || !bytes.startsWith(inner, innerAt)) return false;
  return brands.length === 0 || brandsOf(bytes).some((brand) => brands.includes(brand));
}

/** No program writes more brands than fit before this place. */
const BRANDS_END = 256;

function brandsOf(bytes: ByteReader): string[] {
  const end = Math.min(bytes.uint32(0), bytes.length, BRANDS_END);
  const brands = [bytes.text(8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(bytes.text(at, 4));
  return brands;
}

function isRefused(name: Recognised): name is Exclude<RefusedFormat, NoSignature> {
  return name in refusedFormats;
}

function sniffed(name: Recognised): Sniffed {
  return isRefused(name) ? refused(name) : { kind: "raster", type: formats[name].type };
}

// --- text formats ---

/** Enough of a document's root for the name of its element. */
const ROOT_BYTES = 64;

function sniffText(bytes: Buffer, steps: Steps): Sniffed {
  const text = toUtf8(bytes);
  if (text === bytes ? !isText(bytes) : text.subarray(0, TEXT_BYTES).includes(0)) return refused("unknown");
  const reader = new ByteReader(text, steps);
  const root = reader.text(findRoot(reader), ROOT_BYTES);
  if (/^<(?:[\w-]{1,40}:)?svg[\s>/]/i.test(root)) return { kind: "svg", type: "image/svg+xml" };
  if (/^<(?:!doctype\s{1,9}html|html|head|body|script|title|h1|p|div)[\s>]/i.test(root))
    return refused("html");
  return refused(root.startsWith("<") ? "xml" : "text");
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

function refused(name: RefusedFormat): Sniffed {
  const row = refusedFormats[name];
  return { kind: "other", type: row.type, detail: refusalWords(row) };
}
