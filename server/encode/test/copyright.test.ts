import { crc32 } from "node:zlib";
import sharp, { type Metadata } from "sharp";
import { afterAll, expect, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { blocksOf } from "../child/metadata/blocks.ts";
import { type Copyright, readCopyright } from "../child/metadata/copyright.ts";
import { createPool } from "../pool/pool.ts";
import { ascii, exifOf, packetOf, photoshopOf, withSegment } from "./metadata-blocks.ts";
import { patient } from "./patient.ts";

// The machine can be busy.
const pools = { keep: createPool({ ...patient, keepCopyright: true }), drop: createPool(patient) };
afterAll(() => {
  pools.keep.close();
  pools.drop.close();
});

const camera = () =>
  photo(120, 80)
    .withExif({
      IFD0: {
        Copyright: "(C) 2026 Ann Example",
        Artist: "Ann Example",
        Model: "Camera 5000",
        Software: "Editor",
      },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" },
    })
    .withXmp(
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
       <rdf:Description rdf:about="" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
        exif:GPSLatitude="51,30.0N" xmpRights:WebStatement="https://creativecommons.org/licenses/by/4.0/?a=1&amp;b=2"/></rdf:RDF></x:xmpmeta>`,
    )
    .jpeg()
    .toBuffer();

const rightsOf = (header: Metadata): Promise<Copyright> => readCopyright(blocksOf(header));

async function encode(
  pool: keyof typeof pools,
  original: Uint8Array,
  format: "jpg" | "webp" | "avif" | "png",
) {
  const signal = new AbortController().signal;
  for await (const { body } of pools[pool].encode(original, [{ class: format, quality: 60 }], {
    lane: "live",
    signal,
  }))
    return body;
  throw new Error("nothing was made");
}

test.each(["jpg", "webp", "avif", "png"] as const)(
  "%s keeps copyright, artist and licence, and no other metadata",
  async (format) => {
    const body = await encode("keep", await camera(), format);
    expect(await rightsOf(await sharp(body).metadata())).toEqual({
      creator: "Ann Example",
      copyright: "(C) 2026 Ann Example",
      licence: "https://creativecommons.org/licenses/by/4.0/?a=1&b=2",
    });
    for (const secret of ["Camera 5000", "Editor", "51,30", "GPS"])
      expect(Buffer.from(body).includes(secret)).toBe(false);
    const { exif } = await sharp(body).metadata();
    expect(exif?.includes(Buffer.from([0x88, 0x25])) || exif?.includes(Buffer.from([0x25, 0x88]))).toBe(
      false,
    );
  },
);

test("without KEEP_COPYRIGHT all metadata is removed", async () => {
  const { exif, xmp } = await sharp(await encode("drop", await camera(), "jpg")).metadata();
  expect({ exif, xmp }).toEqual({});
});

test("a photograph without rights gets none", async () => {
  const { exif, xmp } = await sharp(
    await encode("keep", await photo(120, 80).jpeg().toBuffer(), "jpg"),
  ).metadata();
  expect({ exif, xmp }).toEqual({});
});

const xmpOf = (properties: string) => Buffer.from(`http://ns.adobe.com/xap/1.0/\0${packetOf(properties)}`);

test.each([
  ["EXIF in UTF-8", 0xe1, exifOf([ascii(0x013b, "Jürgen Müller 写")]), { creator: "Jürgen Müller 写" }],
  [
    "EXIF in Latin-1",
    0xe1,
    exifOf([ascii(0x013b, Buffer.from("J\xfcrgen", "latin1"))]),
    { creator: "Jürgen" },
  ],
  ["EXIF of one letter", 0xe1, exifOf([ascii(0x013b, "é")]), { creator: "é" }],
  [
    "XMP with references",
    0xe1,
    xmpOf(
      "<dc:creator><rdf:Seq><rdf:li>Jane &amp; Co &lt;x&gt; &#233;&#xe9; &c;</rdf:li></rdf:Seq></dc:creator><xmpRights:WebStatement rdf:resource='https://a.example/?a=1&amp;b=2'/>",
    ),
    { creator: "Jane & Co <x> éé &c;", licence: "https://a.example/?a=1&b=2" },
  ],
  [
    "IPTC in UTF-8",
    0xed,
    photoshopOf([
      [80, "Jürgen"],
      [116, "© All"],
    ]),
    { creator: "Jürgen", copyright: "© All" },
  ],
  [
    "IPTC in Latin-1",
    0xed,
    photoshopOf([
      [80, Buffer.from("J\xfcrgen", "latin1")],
      [116, "© All"],
    ]),
    { creator: "Jürgen", copyright: "© All" },
  ],
] as const)("rights as %s are kept unchanged, in every format", async (_, marker, content, rights) => {
  const original = withSegment(await photo(40, 30).jpeg().toBuffer(), marker, content);
  for (const format of ["jpg", "webp", "avif", "png"] as const) {
    const body = Buffer.from(await encode("keep", original, format));
    if (format === "png") expectRightSums(body);
    const image = sharp(body, { failOn: "warning" });
    await image.clone().raw().toBuffer();
    const { xmp, ...header } = await image.metadata();
    expect([format, await rightsOf(header)]).toEqual([
      format,
      Object.fromEntries(Object.entries(rights).filter(([name]) => name !== "licence")),
    ]);
    expect([format, await rightsOf({ ...header, ...(xmp && { xmp }) })]).toEqual([format, rights]);
  }
});

function expectRightSums(png: Buffer): void {
  for (let at = 8; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
}
