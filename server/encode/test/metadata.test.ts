import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { metaFields, metaLimits, type PhotoMeta, parseMeta } from "../../../contract/meta.ts";
import { photo } from "../../test/support/pictures.ts";
import type { MetadataBlocks } from "../child/metadata/blocks.ts";
import { readMeta } from "../child/metadata/read-meta.ts";
import { createPool } from "../pool/pool.ts";
import {
  ascii,
  type ExifEntry,
  exifOf,
  packetOf,
  photoshopOf,
  uint16,
  uint32,
  utf8Mark,
  withSegment,
} from "./metadata-blocks.ts";
import { patient } from "./patient.ts";
import { chunk, withChunks } from "./png.ts";

const pool = createPool(patient);
afterAll(() => pool.close());

const signal = new AbortController().signal;
const withoutLocation = metaFields.filter((field) => field !== "location");
const metaOf = async (original: Uint8Array, fields = metaFields): Promise<PhotoMeta> =>
  (await pool.describe(original, { lane: "warm", signal, fields })).meta;
const read = (blocks: Partial<MetadataBlocks>, fields = metaFields): Promise<PhotoMeta> =>
  readMeta({ width: 4000, height: 3000, orientation: 1, ...blocks }, { fields });

const camera = () =>
  photo(120, 80)
    .withExif({
      IFD0: {
        Make: "Canon",
        Model: "Canon EOS R5",
        Artist: "Ann Example",
        Copyright: "(C) Ann",
        ImageDescription: "EXIF",
      },
      IFD2: {
        ...{ LensModel: "RF50mm F1.2 L USM", FocalLength: "50/1", FNumber: "28/10", ExposureTime: "10/2500" },
        ...{ ISOSpeedRatings: "400", DateTimeOriginal: "2026:05:01 12:30:00", OffsetTimeOriginal: "+02:00" },
      },
      IFD3: {
        ...{ GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" },
        ...{ GPSLongitudeRef: "W", GPSLongitude: "0/1 7/1 30/1" },
      },
    })
    .withXmp(
      packetOf(
        `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour &amp; boats</rdf:li></rdf:Alt></dc:title>
        <dc:description><rdf:Alt><rdf:li xml:lang="x-default">At dawn</rdf:li></rdf:Alt></dc:description>
        <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>boat</rdf:li><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>
        <Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">Three boats</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>
        <mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="120" stDim:h="80" stDim:unit="pixel"/>
         <mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Jane Doe" mwg-rs:Type="Face">
          <mwg-rs:Area stArea:x="0.25" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"/></rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>`,
        'photoshop:Credit="Example Agency" xmpRights:WebStatement="https://example.org/licence"',
      ),
    );

const whole: PhotoMeta = {
  ...{ title: "Harbour & boats", alt: "Three boats", description: "At dawn", creator: "Ann Example" },
  ...{ credit: "Example Agency", copyright: "(C) Ann", licence: "https://example.org/licence" },
  ...{ date: "2026-05-01T12:30:00+02:00", camera: "Canon EOS R5", lens: "RF50mm F1.2 L USM" },
  ...{ focal: 50, aperture: 2.8, exposure: "1/250", iso: 400 },
  regions: [{ kind: "face", x: 25, y: 50, width: 10, height: 20 }],
  keywords: ["sea", "boat"],
};

test.each(["jpeg", "png", "webp", "avif"] as const)(
  "the metadata of a %s have each field, the place only if it is requested, and never names of people",
  async (format) => {
    const original = await camera().toFormat(format).toBuffer();
    expect(await metaOf(original, withoutLocation)).toEqual(whole);
    expect(await metaOf(original)).toEqual({ ...whole, location: { latitude: 51.5, longitude: -0.125 } });
    expect(await metaOf(original, ["iso"])).toEqual({ iso: 400 });
  },
);

test("an original without metadata gives no fields, and an animation gives the few that it has", async () => {
  expect(await metaOf(await photo(40, 30).jpeg().toBuffer())).toEqual({});
  expect(await metaOf(await photo(40, 30).gif().toBuffer())).toEqual({});
  expect(await metaOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'))).toEqual(
    {},
  );
  const apng = await readFile(join(import.meta.dirname, "../../test/fixtures/apng.png"));
  const titled = packetOf("", 'photoshop:Headline="Moves"');
  const text = chunk(
    "iTXt",
    Buffer.concat([Buffer.from("XML:com.adobe.xmp\0\0\0\0\0"), Buffer.from(titled)]),
  );
  expect(await metaOf(withChunks(apng, [text]))).toEqual({ title: "Moves" });
});

// --- encodings ---

const title = (text: string | Buffer) =>
  Buffer.concat([
    Buffer.from("<rdf:RDF><rdf:Description><dc:title>"),
    Buffer.from(text),
    Buffer.from("</dc:title></rdf:Description></rdf:RDF>"),
  ]);
const comment = (mark: string, text: Buffer): ExifEntry => [
  0x9286,
  7,
  Buffer.concat([Buffer.from(mark.padEnd(8, "\0")), text]),
];
const utf16be = (text: string) => Buffer.from(text, "utf16le").swap16();

test.each<[string, Partial<MetadataBlocks>, PhotoMeta]>([
  [
    "EXIF in UTF-8",
    { exif: exifOf([ascii(0x013b, "Jürgen Müller 写 😀")]) },
    { creator: "Jürgen Müller 写 😀" },
  ],
  [
    "EXIF in Latin-1, to its last letter",
    { exif: exifOf([ascii(0x013b, Buffer.from("J\xfcrgen Caf\xe9", "latin1"))]) },
    { creator: "Jürgen Café" },
  ],
  [
    "EXIF in Windows-1252",
    { exif: exifOf([ascii(0x010e, Buffer.from("\x93Caf\xe9\x94 \x96 5 \x80", "latin1"))]) },
    { description: "“Café” – 5 €" },
  ],
  ["EXIF of one letter", { exif: exifOf([ascii(0x013b, "é")]) }, { creator: "é" }],
  [
    "EXIF cut inside a letter",
    { exif: exifOf([ascii(0x013b, Buffer.from("Zoë é").subarray(0, 6))]) },
    { creator: "Zoë" },
  ],
  [
    "EXIF 3.0's own type for UTF-8",
    { exif: exifOf([[0x013b, 129, Buffer.from("Jürgen\0")]], [[0xa434, 129, Buffer.from("Ünna 50\0")]]) },
    { creator: "Jürgen", lens: "Ünna 50" },
  ],
  [
    "a user comment in ASCII",
    { exif: exifOf([], [comment("ASCII", Buffer.from("Café"))]) },
    { description: "Café" },
  ],
  [
    "a user comment in UTF-16, in the file's order",
    { exif: exifOf([], [comment("UNICODE", utf16be("Café 写"))]) },
    { description: "Café 写" },
  ],
  [
    "a user comment in UTF-16, in the other order",
    { exif: exifOf([], [comment("UNICODE", Buffer.from("Café 写", "utf16le"))]) },
    { description: "Café 写" },
  ],
  [
    "a user comment in JIS",
    { exif: exifOf([], [comment("JIS", Buffer.from("\x1b$BF|K\\\x1b(B", "latin1"))]) },
    { description: "日本" },
  ],
  [
    "Windows' own tags",
    {
      exif: exifOf([
        [0x9c9b, 1, Buffer.from("Tïtle\0", "utf16le")],
        [0x9c9e, 1, Buffer.from("a;b\0", "utf16le")],
      ]),
    },
    { title: "Tïtle", keywords: ["a", "b"] },
  ],
  [
    "IPTC in UTF-8 with its mark",
    {
      iptc: photoshopOf(
        [
          [120, "Café 写"],
          [25, "één"],
          [25, "写"],
        ],
        utf8Mark,
      ),
    },
    { description: "Café 写", keywords: ["één", "写"] },
  ],
  ["IPTC in UTF-8 without it", { iptc: photoshopOf([[120, "Café 写"]]) }, { description: "Café 写" }],
  [
    "IPTC in Latin-1",
    { iptc: photoshopOf([[120, Buffer.from("Caf\xe9 \x85", "latin1")]]) },
    { description: "Café …" },
  ],
  [
    "IPTC without Photoshop's block",
    { iptc: Buffer.from("\x1c\x02\x69\0\x05Title", "latin1") },
    { title: "Title" },
  ],
  [
    "XMP with references",
    { xmp: title("Jane &amp; Co &lt;x&gt; &#233;&#xe9; &c;") },
    { title: "Jane & Co <x> éé &c;" },
  ],
  ["XMP with CDATA and comments", { xmp: title("<!-- no --><![CDATA[a < b]]> c") }, { title: "a < b c" }],
  [
    "XMP in UTF-16",
    { xmp: Buffer.from(`\ufeff${packetOf("<dc:title>Café 写</dc:title>")}`, "utf16le") },
    { title: "Café 写" },
  ],
  [
    "XMP in UTF-16, big-endian",
    { xmp: utf16be(`\ufeff${packetOf("<dc:title>Café 写</dc:title>")}`) },
    { title: "Café 写" },
  ],
  ["XMP in Latin-1", { xmp: title(Buffer.from("Caf\xe9", "latin1")) }, { title: "Café" }],
  [
    "XMP in several languages",
    {
      xmp: title(
        '<rdf:Alt><rdf:li xml:lang="de">Hafen</rdf:li><rdf:li xml:lang="x-default">Harbour</rdf:li></rdf:Alt>',
      ),
    },
    { title: "Harbour" },
  ],
  [
    "XMP in languages without a default",
    {
      xmp: title(
        '<rdf:Alt><rdf:li xml:lang="de">Hafen</rdf:li><rdf:li xml:lang="fr">Port</rdf:li></rdf:Alt>',
      ),
    },
    { title: "Hafen" },
  ],
  [
    "XMP with a default that is empty",
    {
      xmp: title(
        '<rdf:Alt><rdf:li xml:lang="x-default"> </rdf:li><rdf:li xml:lang="de">Hafen</rdf:li></rdf:Alt>',
      ),
    },
    { title: "Hafen" },
  ],
  [
    "text of right to left with marks, emoji with joiners, and decomposed letters",
    {
      xmp: title("\u200fשלום \u0645\u0631\u062d\u0628\u0627 👩‍🚀🏔️ Cafe\u0301"),
      iptc: photoshopOf([[120, "👩‍🚀 Cafe\u0301 שלום"]], utf8Mark),
    },
    {
      title: "\u200fשלום \u0645\u0631\u062d\u0628\u0627 👩‍🚀🏔️ Cafe\u0301",
      description: "👩‍🚀 Cafe\u0301 שלום",
    },
  ],
  [
    "IPTC in Windows-1252",
    { iptc: photoshopOf([[120, Buffer.from("\x93Z\xfcrich\x94 \x96 5 \x80", "latin1")]]) },
    { description: "“Zürich” – 5 €" },
  ],
  [
    "IPTC in Latin-1 with the mark of UTF-8",
    { iptc: photoshopOf([[120, Buffer.from("Z\xfcrich", "latin1")]], utf8Mark) },
    { description: "Zürich" },
  ],
  [
    "IPTC in UTF-8, cut inside its last letter",
    { iptc: photoshopOf([[5, Buffer.from("Zürich é").subarray(0, 9)]]) },
    { title: "Zürich" },
  ],
  [
    "a user comment in UTF-8 that says it is UTF-16",
    { exif: exifOf([], [comment("UNICODE", Buffer.from("Café on the hill"))]) },
    { description: "Café on the hill" },
  ],
  [
    "a user comment in UTF-16 of emoji",
    { exif: exifOf([], [comment("UNICODE", Buffer.from("🏔️ Café", "utf16le"))]) },
    { description: "🏔️ Café" },
  ],
  [
    "a user comment of an unknown encoding, as telephones write it",
    { exif: exifOf([], [comment("", Buffer.from("Café"))]) },
    { description: "Café" },
  ],
  ["a user comment that is no text", { exif: exifOf([], [comment("", Buffer.from("\x01\x02ab"))]) }, {}],
  [
    "what a camera or a program writes instead of a description",
    {
      exif: exifOf([
        ascii(0x010e, "OLYMPUS DIGITAL CAMERA         "),
        [0x9c9b, 1, Buffer.from("cof\0", "utf16le")],
      ]),
      xmp: title("SONY DSC"),
      iptc: photoshopOf([[120, "By a person"]]),
    },
    { description: "By a person" },
  ],
  [
    "PLUS's licensors",
    {
      xmp: Buffer.from(
        packetOf(
          "<plus:Licensor><rdf:Seq><rdf:li rdf:parseType='Resource'><plus:LicensorName>Ann</plus:LicensorName><plus:LicensorURL>https://ann.example/buy?a=1&amp;b=2</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor>",
        ),
      ),
    },
    { licensor: "https://ann.example/buy?a=1&b=2" },
  ],
  [
    "PLUS's licensor in attributes that is no address",
    {
      xmp: Buffer.from(
        packetOf(
          "<plus:Licensor><rdf:Bag><rdf:li plus:LicensorURL='javascript:alert(1)'/></rdf:Bag></plus:Licensor>",
        ),
      ),
    },
    {},
  ],
])("%s is read as it was written", async (_, blocks, meta) => {
  expect(await read(blocks)).toEqual(meta);
});

test("a text is one line without controls and turns of direction, and HTML in it stays text", async () => {
  const hostile = "a\u0000b\r\nc\u202ed\u2066e\u2028f\u2069 <script>alert(1)</script> \u061b&amp;";
  const meta = await read({
    xmp: title(hostile.replaceAll("<", "&lt;")),
    exif: exifOf([ascii(0x013b, "x\x1b[31m\u202ey")]),
  });
  expect(meta).toEqual({ title: "a b cde f <script>alert(1)</script> \u061b&", creator: "x [31my" });
  const long = await read({
    xmp: title("é".repeat(100_000)),
    exif: exifOf([ascii(0x013b, `${"a".repeat(metaLimits.textBytes - 1)}é`)]),
  });
  expect(long).toEqual({
    title: "é".repeat(metaLimits.textBytes / 2),
    creator: "a".repeat(metaLimits.textBytes - 1),
  });
  const all = [
    "dc:title",
    "dc:description",
    "dc:creator",
    "dc:rights",
    "photoshop:Credit",
    "Iptc4xmpCore:AltTextAccessibility",
  ];
  const full = await read({
    xmp: Buffer.from(packetOf(all.map((name) => `<${name}>${"x".repeat(3_000)}</${name}>`).join(""))),
  });
  expect(Object.keys(full)).toEqual(["title", "alt", "description"]);
  expect(parseMeta(full)).toEqual(full);
});

test("a licence is only read if it is a web address", async () => {
  const licence = (text: string) =>
    read({
      xmp: Buffer.from(
        packetOf("", `cc:license="${text}" xmpRights:WebStatement="https://a.example/?a=1&amp;b=2"`),
      ),
    });
  expect(await licence("https://creativecommons.org/licenses/by/4.0/")).toEqual({
    licence: "https://creativecommons.org/licenses/by/4.0/",
  });
  for (const text of ["javascript:alert(1)", "CC BY", "https://a.example/&quot;onload=", "https://a b"])
    expect(await licence(text)).toEqual({ licence: "https://a.example/?a=1&b=2" });
});

// --- dates, regions, places ---

test.each<[string, Partial<MetadataBlocks>, string | undefined]>([
  ["without a zone", { exif: exifOf([], [ascii(0x9003, "2026:05:01 12:30:00")]) }, "2026-05-01T12:30:00"],
  [
    "with the zone that only XMP has",
    {
      exif: exifOf([], [ascii(0x9003, "2026:05:01 12:30:00")]),
      xmp: Buffer.from(packetOf("", 'photoshop:DateCreated="2026-05-01T12:30:00.25+09:30"')),
    },
    "2026-05-01T12:30:00+09:30",
  ],
  [
    "another than XMP's",
    {
      exif: exifOf([], [ascii(0x9003, "2026:05:01 12:30:00")]),
      xmp: Buffer.from(packetOf("", 'photoshop:DateCreated="2027-05-01T12:30:00Z"')),
    },
    "2026-05-01T12:30:00",
  ],
  [
    "of IPTC",
    {
      iptc: photoshopOf([
        [55, "20260501"],
        [60, "123000-0330"],
      ]),
    },
    "2026-05-01T12:30:00-03:30",
  ],
  ["of a day alone", { xmp: Buffer.from(packetOf("", 'photoshop:DateCreated="2026-02-28"')) }, "2026-02-28"],
  [
    "of a camera whose clock is not set",
    { exif: exifOf([], [ascii(0x9003, "0000:00:00 00:00:00")]) },
    undefined,
  ],
  [
    "that cannot be",
    { exif: exifOf([], [ascii(0x9003, "2026:02:30 25:61:00"), ascii(0x9011, "+99:00")]) },
    undefined,
  ],
])("a date %s is read", async (_, blocks, date) => {
  expect(await read(blocks, ["date"])).toEqual(date === undefined ? {} : { date });
});

test("regions refer to the picture as displayed, and a picture that was cropped later has none", async () => {
  const xmp = (dimensions: string) =>
    Buffer.from(
      packetOf(`<mwg-rs:Regions><rdf:Description><mwg-rs:AppliedToDimensions ${dimensions}/><mwg-rs:RegionList><rdf:Bag>
        <rdf:li rdf:parseType="Resource"><mwg-rs:Type>Pet</mwg-rs:Type><mwg-rs:Area rdf:parseType="Resource"><stArea:x>0.1</stArea:x><stArea:y>0.3</stArea:y><stArea:w>0.02</stArea:w><stArea:h>0.04</stArea:h></mwg-rs:Area></rdf:li>
        <rdf:li rdf:parseType="Resource"><mwg-rs:Type>Face</mwg-rs:Type><mwg-rs:Area stArea:x="1.5" stArea:y="0" stArea:w="0" stArea:h="0"/></rdf:li>
      </rdf:Bag></mwg-rs:RegionList></rdf:Description></mwg-rs:Regions>`),
    );
  const places = [];
  for (let orientation = 1; orientation <= 8; orientation++) {
    const [region] = (await read({ xmp: xmp('stDim:w="2000" stDim:h="1500"'), orientation })).regions ?? [];
    places.push([region?.kind, region?.x, region?.y, region?.width, region?.height]);
  }
  expect(places).toEqual([
    ["pet", 10, 30, 2, 4],
    ["pet", 90, 30, 2, 4],
    ["pet", 90, 70, 2, 4],
    ["pet", 10, 70, 2, 4],
    ["pet", 30, 10, 4, 2],
    ["pet", 70, 10, 4, 2],
    ["pet", 70, 90, 4, 2],
    ["pet", 30, 90, 4, 2],
  ]);
  expect(await read({ xmp: xmp('stDim:w="1500" stDim:h="1500"') })).toEqual({});
  const windows = Buffer.from(
    packetOf(`<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>
    <rdf:li MPReg:Rectangle="0.1, 0.2, 0.3, 0.4" MPReg:PersonDisplayName="Jane Doe"/></rdf:Bag></MPRI:Regions></MP:RegionInfo>`),
  );
  expect(await read({ xmp: windows })).toEqual({
    regions: [{ kind: "face", x: 25, y: 40, width: 30, height: 40 }],
  });
});

test("the place is also read from XMP, if it is requested by name", async () => {
  const xmp = Buffer.from(
    packetOf("", 'exif:GPSLatitude="51,30.6N" exif:GPSLongitude="0,7,30W" exif:GPSAltitude="350/10"'),
  );
  expect(await read({ xmp }, withoutLocation)).toEqual({});
  expect(await read({ xmp })).toEqual({ location: { latitude: 51.51, longitude: -0.125, altitude: 35 } });
});

// --- hostile blocks ---

const entry = (tag: number, type: number, count: number, value: number) =>
  Buffer.concat([uint16(tag), uint16(type), uint32(count), uint32(value)]);
const directory = (...entries: Buffer[]) =>
  Buffer.concat([Buffer.from("MM\0*\0\0\0\x08", "latin1"), uint16(entries.length), ...entries, uint32(8)]);
const flood = (count: number, of: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => of(at)).join("");

test.each<[string, Partial<MetadataBlocks>]>([
  [
    "directories that lead back to themselves",
    { exif: directory(entry(0x8769, 4, 1, 8), entry(0x8825, 4, 1, 8), entry(0xa005, 4, 1, 8)) },
  ],
  [
    "counts beyond the end of the block",
    {
      exif: directory(
        entry(0x013b, 2, 0xffffffff, 8),
        entry(0x9286, 7, 0xffffffff, 0),
        entry(0x829a, 5, 0x20000000, 8),
      ),
    },
  ],
  [
    "5,000 entries that all have the whole block as their value",
    {
      exif: Buffer.concat([
        Buffer.from("MM\0*\0\0\0\x08", "latin1"),
        uint16(5_000),
        ...Array.from({ length: 5_000 }, () => entry(0x9286, 7, 60_000, 8)),
      ]),
    },
  ],
  [
    "resources of Photoshop without an end",
    { iptc: Buffer.from(`Photoshop 3.0\0${"8BIM\x04\x25\0\0\0\0\0\0".repeat(5_000)}`, "latin1") },
  ],
  [
    "a resource larger than all of memory",
    { iptc: Buffer.from("Photoshop 3.0\x008BIM\x04\x25\0\0\xff\xff\xff\xff", "latin1") },
  ],
  ["elements 10,000 deep", { xmp: Buffer.from(packetOf("<a:b>".repeat(10_000) + "</a:b>".repeat(10_000))) }],
  [
    "elements 33 deep",
    { xmp: Buffer.from(packetOf(`<dc:title>${"<a:b>".repeat(33)}x${"</a:b>".repeat(33)}</dc:title>`)) },
  ],
  [
    "15,000 attributes",
    {
      xmp: Buffer.from(
        packetOf(
          "",
          flood(15_000, (at) => ` a:b${at}=""`),
        ),
      ),
    },
  ],
  [
    "8,000 namespaces, one in the other",
    { xmp: Buffer.from(packetOf(flood(8_000, (at) => `<a${at}:b xmlns:a${at}="x">`))) },
  ],
  ["15,000 ends of a packet", { xmp: Buffer.from(`<rdf:RDF>${'<?xpacket end="'.repeat(15_000)}</rdf:RDF>`) }],
  ["tags that never end", { xmp: Buffer.from(`<rdf:RDF>${"<".repeat(200_000)}</rdf:RDF>`) }],
  ["references that never end", { xmp: Buffer.from(`<rdf:RDF>${"&".repeat(200_000)}</rdf:RDF>`) }],
  ["a comment that never ends", { xmp: Buffer.from(`<rdf:RDF>${"<!--".repeat(50_000)}</rdf:RDF>`) }],
  [
    "more XMP than is read",
    { xmp: Buffer.from(packetOf(`<dc:title>x</dc:title><a:b>${"x".repeat(2 ** 18)}</a:b>`)) },
  ],
  [
    "names of an object's own members",
    {
      xmp: Buffer.from(
        packetOf(
          "<a:__proto__><b:title>x</b:title></a:__proto__><a:constructor>x</a:constructor>",
          'a:toString="x"',
        ),
      ),
    },
  ],
])("%s give no metadata", async (_, blocks) => {
  expect(await read(blocks)).toEqual({});
});

test("an XMP packet's own entities are not replaced", async () => {
  const bomb = `<!DOCTYPE a [<!ENTITY a "${"x".repeat(1_000)}">${flood(20, (at) => `<!ENTITY b${at} "${"&a;".repeat(1_000)}">`)}]>`;
  expect(await read({ xmp: Buffer.from(`${bomb}${packetOf("<dc:title>&b1;&b2;</dc:title>")}`) })).toEqual({
    title: "&b1;&b2;",
  });
});

test("a block that is cut anywhere gives the fields before the cut, or none", async () => {
  const exif = exifOf(
    [ascii(0x013b, "Ann"), ascii(0x8298, "All rights")],
    [ascii(0xa434, "A lens of some length")],
  );
  for (let length = 0; length < exif.length; length += 3) await read({ exif: exif.subarray(0, length) });
  expect(await read({ exif: exif.subarray(0, exif.length - 3) })).toEqual({
    creator: "Ann",
    copyright: "All rights",
  });
  const iptc = photoshopOf([
    [80, "Ann"],
    [116, "All rights"],
  ]);
  expect(await read({ iptc: iptc.subarray(0, iptc.length - 5) })).toEqual({
    creator: "Ann",
    copyright: "All r",
  });
  const xmp = Buffer.from(packetOf("<dc:title>x</dc:title>"));
  expect(await read({ xmp: xmp.subarray(0, xmp.length / 2) })).toEqual({});
});

test("segments and chunks with wrong lengths do not kill the child: the picture is still described", async () => {
  const jpeg = await photo(40, 30).jpeg().toBuffer();
  const png = await photo(40, 30).png().toBuffer();
  const itxt = (text: string) =>
    chunk("iTXt", Buffer.concat([Buffer.from("XML:com.adobe.xmp\0\x01\0\0\0"), deflateSync(text)]));
  const ztxt = (keyword: string, text: string) =>
    chunk("zTXt", Buffer.concat([Buffer.from(`${keyword}\0\0`), deflateSync(text)]));
  const segment = Buffer.from("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>");
  for (const original of [
    // A segment that says it is longer than it is takes what follows with it.
    withSegment(
      jpeg,
      0xed,
      Buffer.from("Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff\x1c\x02\x50\xff\xff", "latin1"),
    ),
    withSegment(jpeg, 0xe1, segment),
    withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from("Exif\0\0"), directory(entry(0x8769, 4, 1, 8))])),
    withChunks(png, [itxt(packetOf(`<a:b>${"x".repeat(20_000_000)}</a:b>`))]),
    withChunks(png, [ztxt("XML:com.adobe.xmp", "x".repeat(20_000_000))]),
    withChunks(png, [ztxt("Raw profile type exif", "x".repeat(20_000_000))]),
  ]) {
    const { width, height, meta } = await pool.describe(original, {
      lane: "warm",
      signal,
      fields: metaFields,
    });
    expect({ width, height, meta }).toEqual({ width: 40, height: 30, meta: {} });
  }
  const titled = packetOf("<dc:title>Small</dc:title>");
  expect(await metaOf(withChunks(png, [itxt(titled)]))).toEqual({ title: "Small" });
});
