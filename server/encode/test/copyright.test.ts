import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { readCopyright } from "../child/original/copyright.ts";
import { createPool } from "../pool/pool.ts";

const pools = { keep: createPool({ keepCopyright: true }), drop: createPool() };
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
  "%s keeps copyright, artist and licence, and nothing else",
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

test("without the option all of it goes", async () => {
  const { exif, xmp } = await sharp(await encode("drop", await camera(), "jpg")).metadata();
  expect({ exif, xmp }).toEqual({});
});

test("a photograph without rights gets none, and damaged metadata tells none", async () => {
  const { exif, xmp } = await sharp(
    await encode("keep", await photo(120, 80).jpeg().toBuffer(), "jpg"),
  ).metadata();
  expect({ exif, xmp }).toEqual({});
  const { exif: whole = Buffer.alloc(0) } = await sharp(await camera()).metadata();
  for (let length = 0; length < whole.length; length++)
    expect(() => readCopyright({ exif: whole.subarray(0, length) })).not.toThrow();
  expect(readCopyright({ xmp: Buffer.from('<a cc:license="javascript:alert(1)">') })).toEqual({});
});
