import { inflateSync } from "node:zlib";

/**
 * An original without parts that a decoder would only carry along or unpack: 900 compressed texts of 3 kB in a PNG take a gigabyte
 * in libpng. Everything that affects the look stays, and one block each of EXIF and XMP, within limits. Runs in a child, which
 * owns the bytes: they are changed in place.
 * @param bytes all of it, or of a JPEG at least all segments before its pixels.
 * @returns the same memory, perhaps shorter. Never throws: from damage on, the rest stays unchanged.
 */
export function leanOriginal(type: string, bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const allowance = new Allowance();
  try {
    if (type === "image/png") return leanPng(buffer, allowance);
    if (type === "image/jpeg") leanJpeg(buffer, allowance);
    if (type === "image/webp") leanWebp(buffer, allowance);
  } catch {
    // It ends early.
  }
  return bytes;
}

/** More than programs write: an editor's history in XMP has some hundred kilobytes, a printer's profile some megabytes. */
const mostBytes = { exif: 2 ** 20, xmp: 2 ** 20, iptc: 2 ** 16, profile: 2 ** 22 } as const;

/** One block of each kind is kept; a profile can have several. */
class Allowance {
  readonly #left: Record<keyof typeof mostBytes, number> = { ...mostBytes };

  takes(kind: keyof typeof mostBytes, bytes: number): boolean {
    const may = bytes <= this.#left[kind];
    this.#left[kind] = may && kind === "profile" ? this.#left[kind] - bytes : 0;
    return may;
  }
}

// --- PNG (third edition, §11): chunks that are left out are closed up ---

const looks: ReadonlySet<string> = new Set([
  "IHDR",
  "PLTE",
  "IDAT",
  "IEND",
  "tRNS",
  "cHRM",
  "gAMA",
  "sBIT",
  "sRGB",
  "cICP",
  "mDCV",
  "cLLI",
  // Frames of an animation, which libpng ignores.
  "acTL",
  "fcTL",
  "fdAT",
]);
const XMP_KEYWORD = "XML:com.adobe.xmp\0";

function leanPng(png: Buffer, allowance: Allowance): Buffer {
  let kept = 8;
  let at = 8;
  while (at + 12 <= png.length) {
    const bytes = 12 + png.readUInt32BE(at);
    if (staysInPng(png, at, bytes, allowance)) {
      if (kept < at) png.copyWithin(kept, at, at + bytes);
      kept += Math.min(bytes, png.length - at);
    }
    at += bytes;
  }
  return png.subarray(0, kept);
}

function staysInPng(png: Buffer, at: number, bytes: number, allowance: Allowance): boolean {
  const type = png.toString("latin1", at + 4, at + 8);
  if (looks.has(type)) return true;
  if (type === "iCCP") return allowance.takes("profile", bytes);
  if (type === "eXIf") return allowance.takes("exif", bytes);
  // By the letter it is an iTXt; libvips writes a zTXt.
  const isText = type === "iTXt" || type === "zTXt" || type === "tEXt";
  const isXmp = isText && png.toString("latin1", at + 8, at + 8 + XMP_KEYWORD.length) === XMP_KEYWORD;
  return isXmp && allowance.takes("xmp", bytes) && unpacks(type, png.subarray(at + 8, at + bytes - 4));
}

/** Whether a text of XMP is no longer than may be kept when it is inflated, which libpng does without a bound. */
function unpacks(type: string, data: Buffer): boolean {
  const at = XMP_KEYWORD.length;
  const isPlain = type === "tEXt" || (type === "iTXt" && data[at] === 0);
  if (isPlain) return true;
  // An iTXt has two more texts before the stream: its language, and the keyword in that.
  const start = type === "zTXt" ? at + 1 : data.indexOf(0, data.indexOf(0, at + 2) + 1) + 1;
  try {
    inflateSync(data.subarray(start), { maxOutputLength: mostBytes.xmp });
    return true;
  } catch {
    return false;
  }
}

// --- JPEG (ITU T.81 §B.2): segments that are left out become comments, which nobody reads ---

const COMMENT = 0xfe;
const START_OF_SCAN = 0xda;
const [JFIF, APP1, PROFILE, PHOTOSHOP, ADOBE, LAST_APP] = [0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xef];

function leanJpeg(jpeg: Buffer, allowance: Allowance): void {
  for (let at = 2; jpeg[at] === 0xff && jpeg[at + 1] !== START_OF_SCAN; ) {
    const marker = jpeg.readUInt8(at + 1);
    if (marker === 0xff) at++;
    else {
      const bytes = jpeg.readUInt16BE(at + 2);
      if (marker >= JFIF && marker <= LAST_APP && !staysInJpeg(jpeg, at, marker, bytes, allowance))
        jpeg[at + 1] = COMMENT;
      at += 2 + bytes;
    }
  }
}

function staysInJpeg(jpeg: Buffer, at: number, marker: number, bytes: number, allowance: Allowance): boolean {
  const says = (text: string) => jpeg.toString("latin1", at + 4, at + 4 + text.length) === text;
  if (marker === JFIF || marker === ADOBE) return true;
  if (marker === PROFILE) return says("ICC_PROFILE\0") && allowance.takes("profile", bytes);
  if (marker === PHOTOSHOP) return says("Photoshop 3.0\0") && allowance.takes("iptc", bytes);
  if (marker !== APP1) return false;
  return says("Exif\0")
    ? allowance.takes("exif", bytes)
    : says("http://ns.adobe.com/xap/1.0/\0") && allowance.takes("xmp", bytes);
}

// --- WebP (RFC 9649 §2.7): chunks that are left out get a name that nobody knows ---

const kinds: Readonly<Record<string, keyof typeof mostBytes>> = {
  ICCP: "profile",
  EXIF: "exif",
  "XMP ": "xmp",
};

function leanWebp(webp: Buffer, allowance: Allowance): void {
  for (let at = 12; at + 8 <= webp.length; ) {
    const bytes = webp.readUInt32LE(at + 4);
    const kind = kinds[webp.toString("latin1", at, at + 4)];
    if (kind !== undefined && !allowance.takes(kind, bytes)) webp.write("JUNK", at, "latin1");
    at += 8 + bytes + (bytes % 2);
  }
}
