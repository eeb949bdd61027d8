import { crc32 } from "node:zlib";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { readCopyright } from "../child/original/copyright.ts";
import { createPool } from "../pool/pool.ts";
import { uint32 } from "./png.ts";

// However busy the machine is.
const deadlineMs = { live: 120_000, warm: 120_000 };
const pools = { keep: createPool({ keepCopyright: true, deadlineMs }), drop: createPool({ deadlineMs }) };
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
    expect(readCopyright(await sharp(body).metadata())).toEqual({
      artist: "Ann Example",
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

test("a photograph without rights gets none, and neither does one with damaged metadata", async () => {
  const { exif, xmp } = await sharp(
    await encode("keep", await photo(120, 80).jpeg().toBuffer(), "jpg"),
  ).metadata();
  expect({ exif, xmp }).toEqual({});
  const { exif: whole = Buffer.alloc(0) } = await sharp(await camera()).metadata();
  for (let length = 0; length < whole.length; length++)
    expect(() => readCopyright({ exif: whole.subarray(0, length) })).not.toThrow();
  expect(readCopyright({ xmp: Buffer.from('<a cc:license="javascript:alert(1)">') })).toEqual({});
});

/** A JPEG with a segment behind its first marker. */
const withSegment = (jpeg: Buffer, marker: number, content: Buffer) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, marker]), length, content, jpeg.subarray(2)]);
};

/** EXIF with an artist in these bytes; what is short stands where others have their place. */
const exifOf = (artist: Buffer) => {
  const text = Buffer.concat([artist, Buffer.from([0])]);
  const value = text.length > 4 ? [uint32(26), uint32(0), text] : [text, Buffer.alloc(8 - text.length)];
  return Buffer.concat([
    Buffer.from("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x3b\0\x02", "latin1"),
    uint32(text.length),
    ...value,
  ]);
};

const packetOf = (properties: string) =>
  Buffer.from(
    `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>${properties}</rdf:RDF></x:xmpmeta>`,
  );

/** Photoshop's block, with a resource before that of IPTC. */
const photoshopOf = (byLine: Buffer) => {
  const dataset = (number: number, text: Buffer) => Buffer.from([0x1c, 2, number, 0, text.length, ...text]);
  const data = Buffer.concat([
    dataset(5, Buffer.from("Title")),
    dataset(80, byLine),
    dataset(116, Buffer.from("© All")),
  ]);
  return Buffer.concat([
    Buffer.from("Photoshop 3.0\x008BIM\x04\x25\0\0\0\0\0\x02ab8BIM\x04\x04\0\0", "latin1"),
    uint32(data.length),
    data,
  ]);
};

test.each([
  ["EXIF in UTF-8", 0xe1, exifOf(Buffer.from("Jürgen Müller 写")), { artist: "Jürgen Müller 写" }],
  ["EXIF in Latin-1", 0xe1, exifOf(Buffer.from("J\xfcrgen", "latin1")), { artist: "Jürgen" }],
  ["EXIF of one letter", 0xe1, exifOf(Buffer.from("é")), { artist: "é" }],
  [
    "XMP with references",
    0xe1,
    packetOf(
      "<dc:creator><rdf:Seq><rdf:li>Jane &amp; Co &lt;x&gt; &#233;&#xe9; &c;</rdf:li></rdf:Seq></dc:creator><a xmpRights:WebStatement='https://a.example/?a=1&amp;b=2'/>",
    ),
    { artist: "Jane & Co <x> éé &c;", licence: "https://a.example/?a=1&b=2" },
  ],
  ["IPTC in UTF-8", 0xed, photoshopOf(Buffer.from("Jürgen")), { artist: "Jürgen", copyright: "© All" }],
  [
    "IPTC in Latin-1",
    0xed,
    photoshopOf(Buffer.from("J\xfcrgen", "latin1")),
    { artist: "Jürgen", copyright: "© All" },
  ],
] as const)("rights as %s are kept unchanged, in every format", async (_, marker, content, rights) => {
  const original = withSegment(await photo(40, 30).jpeg().toBuffer(), marker, content);
  for (const format of ["jpg", "webp", "avif", "png"] as const) {
    const body = Buffer.from(await encode("keep", original, format));
    if (format === "png") expectRightSums(body);
    const image = sharp(body, { failOn: "warning" });
    await image.clone().raw().toBuffer();
    const { exif, xmp } = await image.metadata();
    expect([format, readCopyright({ ...(exif && { exif }) })]).toEqual([
      format,
      Object.fromEntries(Object.entries(rights).filter(([name]) => name !== "licence")),
    ]);
    expect([format, readCopyright({ ...(exif && { exif }), ...(xmp && { xmp }) })]).toEqual([format, rights]);
  }
});

function expectRightSums(png: Buffer): void {
  for (let at = 8; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
}
