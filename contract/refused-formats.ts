/** A kind of original that is recognised by its first bytes and refused. */
export interface RefusedFormatRow {
  /** Media type of IANA or, if it has none, of the GNOME and KDE desktops. */
  readonly type: string;
  /** Without the dot, as programs and cameras name these files. */
  readonly extensions: readonly string[];
  /** The problem and the remedy: the message of the 415 and of the scan's finding. */
  readonly what: string;
  readonly remedy: string;
}

const AS_JPEG = "Export it as JPEG and upload that.";
const STILL = "Upload a still of it as JPEG.";
const ITSELF = "Upload the photograph itself.";
const CONTENTS = "Upload what is in it.";

/**
 * Formats that are recognised and refused; `formats` has the formats that are read. After a new row, `tsc` names each place
 * that must handle it.
 */
export const refusedFormats = {
  heic: row("image/heic", ["heic", "heif", "hif"], "an HEIC photograph, as iPhones take them", {
    remedy: "Export it as JPEG, or set the phone to “Most Compatible”.",
  }),
  shortAvif: row("image/avif", ["avif"], "an AVIF with a short header (mif3), which few programs read", {
    remedy: "Export it as an ordinary AVIF or as JPEG.",
  }),
  jxl: row("image/jxl", ["jxl"], "a JPEG XL image"),
  jp2: row("image/jp2", ["jp2", "j2k", "jpf", "jpx"], "a JPEG 2000 image"),
  bmp: row("image/bmp", ["bmp", "dib"], "a BMP image"),
  ico: row("image/x-icon", ["ico"], "an icon file", { remedy: "Export it as PNG and upload that." }),
  psd: row("image/vnd.adobe.photoshop", ["psd", "psb"], "a Photoshop document"),
  tiff: row(
    "image/tiff",
    ["tif", "tiff", "dng", "nef", "nrw", "arw", "pef", "srw"],
    "a TIFF image or a camera RAW file (DNG, NEF, ARW and others)",
  ),
  cr2: row("image/x-canon-cr2", ["cr2"], "a camera RAW file (Canon CR2)"),
  cr3: row("image/x-canon-cr3", ["cr3"], "a camera RAW file (Canon CR3)"),
  rw2: row("image/x-panasonic-rw2", ["rw2"], "a camera RAW file (Panasonic RW2)"),
  orf: row("image/x-olympus-orf", ["orf"], "a camera RAW file (Olympus ORF)"),
  raf: row("image/x-fuji-raf", ["raf"], "a camera RAW file (Fujifilm RAF)"),
  x3f: row("image/x-sigma-x3f", ["x3f"], "a camera RAW file (Sigma X3F)"),
  mrw: row("image/x-minolta-mrw", ["mrw"], "a camera RAW file (Minolta MRW)"),
  mp4: row("video/mp4", ["mp4", "m4v"], "a video (MP4)", { remedy: STILL }),
  mov: row("video/quicktime", ["mov", "qt"], "a video (QuickTime)", { remedy: STILL }),
  webm: row("video/webm", ["webm", "mkv"], "a video (WebM or Matroska)", { remedy: STILL }),
  avi: row("video/x-msvideo", ["avi"], "a video (AVI)", { remedy: STILL }),
  pdf: row("application/pdf", ["pdf"], "a PDF document", { remedy: "Export the page as PNG or JPEG." }),
  ps: row("application/postscript", ["ps", "eps"], "a PostScript document", { remedy: "Export it as PNG." }),
  gzip: row("application/gzip", ["gz", "svgz"], "a gzip file", { remedy: CONTENTS }),
  zip: row("application/zip", ["zip"], "a ZIP file", { remedy: CONTENTS }),
  riff: row("application/octet-stream", [], "a RIFF file that is not WebP"),
  html: row("text/html", ["html", "htm"], "an HTML page", {
    remedy: "The upload may have stored an error page: upload it again.",
  }),
  xml: row("application/xml", ["xml"], "an XML document that is not SVG", { remedy: ITSELF }),
  text: row("text/plain", ["txt"], "a text file", { remedy: ITSELF }),
  empty: row("application/octet-stream", [], "an empty file", { remedy: "Upload it again." }),
  unknown: row("application/octet-stream", [], "not a known image format"),
} as const satisfies Readonly<Record<string, RefusedFormatRow>>;

export type RefusedFormat = keyof typeof refusedFormats;

/** Why an original is refused, as a message for its author. */
export function refusalWords({ what, remedy }: Pick<RefusedFormatRow, "what" | "remedy">): string {
  return `The original is ${what}. ${remedy}`;
}

function row(
  type: string,
  extensions: readonly string[],
  what: string,
  { remedy = AS_JPEG }: { readonly remedy?: string } = {},
): RefusedFormatRow {
  return { type, extensions, what, remedy };
}
