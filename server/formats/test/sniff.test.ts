import sharp from "sharp";
import { expect, test } from "vitest";
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

test.each([
  ["image/heic", ftyp("heic", "mif1"), "HEIC"],
  ["image/heic", ftyp("mif1", "heic"), "Most Compatible"],
  ["image/avif", bytes("\0\0\0\x10ftypmif3avif\0\0\0\0mini"), "short header (mif3)"],
  ["image/x-canon-cr3", ftyp("crx ", "isom"), "CR3"],
  ["video/mp4", ftyp("isom", "mp41"), "video"],
  ["image/x-canon-cr2", bytes("II*\0\x10\0\0\0CR\x02\0"), "CR2"],
  ["image/tiff", bytes("MM\0*\0\0\0\x08"), "camera RAW"],
  ["application/pdf", bytes("%PDF-1.7"), "PDF"],
  ["text/html", bytes("<!DOCTYPE html><svg></svg>"), "HTML"],
  ["text/html", bytes("<!doctype  \nhtml><svg></svg>"), "HTML"],
  ["text/html", bytes("<html><body><svg>"), "HTML"],
  ["application/xml", bytes("<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"), "XML"],
  ["text/plain", bytes("worms\n"), "text file"],
  ["image/jxl", bytes("\xff\x0a\0\0"), "JPEG XL"],
  ["application/octet-stream", bytes("\0\x01\x02"), "not a known"],
  ["application/octet-stream", bytes(""), "empty"],
  ["application/octet-stream", bytes("RIFF\0\0\0\0WAVE"), "not WebP"],
])("%s is refused, and the message names it", (type, head, words) => {
  const sniffed = sniff(head);
  expect(sniffed).toMatchObject({ kind: "other", type });
  expect(sniffed.detail).toContain(words);
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
