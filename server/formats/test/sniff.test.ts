import sharp from "sharp";
import { expect, test } from "vitest";
import { type RefusedFormat, refusedFormats } from "../../../contract/refused-formats.ts";
import { SNIFF_BYTES, sniff } from "../sniff.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const ftyp = (...brands: string[]) => {
  const box = Buffer.alloc(8 + 4 * (brands.length + 1));
  box.writeUInt32BE(box.length, 0);
  box.write(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join("")}`, 4, "latin1");
  return box;
};

test("a file that sharp writes is recognised as a raster image of its type", async () => {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: "#369" } });
  for (const [format, type] of [
    ["jpeg", "image/jpeg"],
    ["png", "image/png"],
    ["webp", "image/webp"],
    ["gif", "image/gif"],
    ["avif", "image/avif"],
  ] as const)
    expect(sniff(await picture.clone().toFormat(format).toBuffer())).toEqual({ kind: "raster", type });
  expect(sniff(await picture.clone().tiff().toBuffer())).toMatchObject({ kind: "other", type: "image/tiff" });
});

test.each([
  ["an SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>"],
  [
    "an SVG with a mark, a declaration, a comment and a document type",
    "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg>",
  ],
  [
    "an SVG whose document type has brackets in quotes",
    "<!DOCTYPE svg [<!ENTITY a ']>'> <!ENTITY b ']'>]\n><svg>",
  ],
  ["an SVG with a prefix", "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>"],
  ["an SVG after a long licence", `<!--${" licence".repeat(400)}--><svg>`],
])("%s is recognised as SVG", (_, text) => {
  expect(sniff(bytes(text))).toEqual({ kind: "svg", type: "image/svg+xml" });
});

/** The first bytes of one file or more of each format. */
const refusedFiles: Readonly<Record<RefusedFormat, readonly Buffer[]>> = {
  heic: [ftyp("heic", "mif1"), ftyp("mif1", "heic"), ftyp("msf1", "hevc")],
  shortAvif: [bytes("\0\0\0\x10ftypmif3avif\0\0\0\0mini")],
  jxl: [bytes("\xff\x0a\0\0"), bytes("\0\0\0\x0cJXL \r\n\x87\n")],
  jp2: [bytes("\0\0\0\x0cjP  \r\n\x87\n"), bytes("\xff\x4f\xff\x51\0")],
  bmp: [bytes("BM\x36\0\0\0")],
  ico: [bytes("\0\0\x01\0\x01\0")],
  psd: [bytes("8BPS\0\x01")],
  tiff: ["II*\0\x08\0\0\0", "MM\0*\0\0\0\x08", "II+\0\x08\0\0\0", "MM\0+\0\x08\0\0"].map(bytes),
  cr2: [bytes("II*\0\x10\0\0\0CR\x02\0")],
  cr3: [ftyp("crx ", "isom")],
  rw2: [bytes("IIU\0\x18\0")],
  orf: [bytes("IIRO\x08\0"), bytes("IIRS\x08\0")],
  raf: [bytes("FUJIFILMCCD-RAW 0201")],
  x3f: [bytes("FOVb\x03\0")],
  mrw: [bytes("\0MRM\0\0")],
  mp4: [ftyp("isom", "mp41"), ftyp("mp42"), ftyp("M4V ", "isom")],
  mov: [ftyp("qt  "), bytes("\0\0\x08\x54moov"), bytes("\0\0\0\x08wide"), bytes("\0\0\0\x01mdat")],
  webm: [bytes("\x1aE\xdf\xa3\x9f")],
  avi: [bytes("RIFF\0\0\0\0AVI LIST")],
  pdf: [bytes("%PDF-1.7")],
  ps: [bytes("%!PS-Adobe-3.0")],
  gzip: [bytes("\x1f\x8b\x08")],
  zip: [bytes("PK\x03\x04")],
  riff: [bytes("RIFF\0\0\0\0WAVE")],
  html: ["<!DOCTYPE html><svg></svg>", "<!doctype  \nhtml><svg></svg>", "<html><body><svg>"].map(bytes),
  xml: [bytes("<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>")],
  text: [bytes("worms\n"), bytes("The wide sea"), bytes("The moov")],
  unknown: [bytes("\0\x01\x02"), bytes("\x01\0\0\0mdat")],
  empty: [bytes("")],
};

test.each(Object.entries(refusedFiles))(
  "an original that is %s is refused with the message of the table",
  (name, files) => {
    const row = refusedFormats[name as RefusedFormat];
    for (const head of files)
      expect([String(head), sniff(head)]).toEqual([
        String(head),
        { kind: "other", type: row.type, detail: `The original is ${row.what}. ${row.remedy}` },
      ]);
  },
);

test("an SVG that begins like a film's boxes is SVG", () => {
  for (const word of ["wide", "moov", "mdat", "ftyp"])
    expect(sniff(bytes(`<!--${word} --><svg>`)).kind).toBe("svg");
});

test("an AVIF with only a compatible brand is AVIF", () => {
  expect(sniff(ftyp("mif1", "miaf", "avif"))).toEqual({ kind: "raster", type: "image/avif" });
});

test("text that is cut inside a character is still text", () => {
  for (const bytes of [4_096, SNIFF_BYTES]) {
    const head = Buffer.from(`${"a".repeat(bytes - 1)}é`).subarray(0, SNIFF_BYTES);
    expect(sniff(head)).toMatchObject({ type: "text/plain" });
  }
});
