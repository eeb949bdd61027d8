import { expect, test } from "vitest";
import { metaFields, type PhotoMeta } from "../../../contract/meta.ts";
import type { MetadataBlocks } from "../child/metadata/blocks.ts";
import { readMeta } from "../child/metadata/read-meta.ts";
import { ascii, type ExifEntry, gpsOf, packetOf, uint32 } from "./metadata-blocks.ts";

const read = (blocks: Partial<MetadataBlocks>): Promise<PhotoMeta> =>
  readMeta({ width: 4000, height: 3000, orientation: 1, ...blocks }, { fields: metaFields });

type Fraction = readonly [over: number, under: number];

/** An unsigned fraction, or one that is written with a sign, which EXIF does not allow here. */
const fractions = (tag: number, values: readonly Fraction[]): ExifEntry => [
  tag,
  values.flat().some((part) => part < 0) ? 10 : 5,
  Buffer.concat(values.flat().map((part) => uint32(part >>> 0))),
];

const sydney = { latitude: -33.85833, longitude: 151.2 };
/** `33/1 51/1 30/1` */
const of = (text: string): readonly Fraction[] =>
  text.split(" ").map((part) => {
    const [over = 0, under = 1] = part.split("/").map(Number);
    return [over, under];
  });
const south = of("33/1 51/1 30/1");

/** In Sydney, but for these. */
function exifAt({
  latitude = south,
  side = "S",
  more = [],
}: {
  readonly latitude?: readonly Fraction[];
  readonly side?: string;
  readonly more?: readonly ExifEntry[];
}): Buffer {
  return gpsOf([
    ascii(1, side),
    fractions(2, latitude),
    ascii(3, "E"),
    fractions(4, of("151/1 12/1 0/1")),
    ...more,
  ]);
}

const xmpAt = (latitude: string, longitude: string) =>
  Buffer.from(packetOf("", `exif:GPSLatitude="${latitude}" exif:GPSLongitude="${longitude}"`));

test.each<[string, Partial<MetadataBlocks>, object | undefined]>([
  ["degrees, minutes and seconds", { exif: exifAt({}) }, sydney],
  ["a small letter of the hemisphere", { exif: exifAt({ side: "s" }) }, sydney],
  [
    "decimal minutes with unknown seconds",
    {
      exif: exifAt({ latitude: of("33/1 5150/100 0/0") }),
    },
    sydney,
  ],
  [
    "decimal degrees",
    {
      exif: exifAt({ latitude: of("3385833/100000 0/1 0/1") }),
    },
    sydney,
  ],
  [
    "a height below the sea",
    { exif: exifAt({ more: [[5, 1, Buffer.from([1])], fractions(6, [[4_001, 100]])] }) },
    { ...sydney, altitude: -40 },
  ],
  ["a height that is no number", { exif: exifAt({ more: [fractions(6, [[1, 0]])] }) }, sydney],
  ["small letters in XMP", { xmp: xmpAt("33,51.5s", "151,12.0e") }, sydney],
])("of a place with %s, the position is read", async (_, blocks, location) => {
  expect(await read(blocks)).toEqual({ location });
});

test.each<[string, Partial<MetadataBlocks>]>([
  ["no letter of the hemisphere", { exif: gpsOf([fractions(2, south), ascii(3, "E"), fractions(4, south)]) }],
  ["a blank letter of the hemisphere", { exif: exifAt({ side: " " }) }],
  [
    "degrees that are infinite",
    {
      exif: exifAt({ latitude: of("1/0 0/1 0/1") }),
    },
  ],
  [
    "degrees that are unknown",
    {
      exif: exifAt({ latitude: of("0/0 51/1 0/1") }),
    },
  ],
  [
    "degrees with a sign",
    {
      exif: exifAt({ latitude: of("-33/1 51/1 30/1") }),
    },
  ],
  [
    "more minutes than a degree has",
    {
      exif: exifAt({ latitude: of("33/1 99/1 0/1") }),
    },
  ],
  ["a latitude beyond the pole", { exif: exifAt({ latitude: of("91/1 51/1 30/1") }) }],
  ["words in XMP", { xmp: xmpAt("NaN", "1/0") }],
  ["more minutes in XMP than a degree has", { xmp: xmpAt("33,51.5S", "151,99.0E") }],
])("a place with %s has no position, rather than a wrong one", async (_, blocks) => {
  expect(await read(blocks)).toEqual({});
});
