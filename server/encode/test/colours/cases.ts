import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { BT709, P3 as P3_SPACE, SRGB_CURVE } from "../../child/colour/colour-space.ts";
import { iccProfile } from "../../child/colour/icc-profile.ts";
import { withProfile } from "../../child/colour/retag.ts";
import { chunk, uint32, withChunks } from "../png.ts";
import { patchwork } from "./patches.ts";

/** Originals of the same numbers with different colour tags, by name. `npm run colours` writes what Chromium shows. */
export const colourCases: Readonly<Record<string, () => Promise<Buffer>>> = {
  "PNG without a tag": () => png(),
  "PNG with gAMA 1.0": () => png([gama(1)]),
  "PNG with gAMA 0.45455": () => png([gama(0.45455)]),
  "PNG with gAMA 0.4": () => png([gama(0.4)]),
  "PNG with gAMA 0": () => png([gama(0)]),
  "PNG with a gAMA that is far too large": () => png([chunk("gAMA", uint32(0x7fffffff))]),
  "PNG with a gAMA whose checksum is wrong": async () => {
    const wrong = gama(1);
    wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
    return png([wrong]);
  },
  "PNG with gAMA behind its pixels": async () => {
    const plain = await png();
    return Buffer.concat([plain.subarray(0, -12), gama(1), plain.subarray(-12)]);
  },
  "PNG with two gAMA": () => png([gama(1), gama(0.45455)]),
  "PNG with cHRM of P3 only": () => png([chrm(P3)]),
  "PNG with cHRM of P3 and gAMA 0.45455": () => png([gama(0.45455), chrm(P3)]),
  "PNG with cHRM of P3 and gAMA 1.0": () => png([chrm(P3), gama(1)]),
  "PNG with cHRM of zeros and gAMA 1.0": () => png([chrm([0, 0, 0, 0, 0, 0, 0, 0]), gama(1)]),
  "PNG with cHRM of one point and gAMA 1.0": () =>
    png([chrm([0.31, 0.33, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]), gama(1)]),
  "PNG with sRGB and gAMA 1.0": () => png([SRGB, gama(1)]),
  "PNG with an unknown sRGB and gAMA 1.0": () => png([chunk("sRGB", Buffer.from([9])), gama(1)]),
  "PNG with iCCP of P3": () => png([iccp(P3_PROFILE)]),
  "PNG with iCCP of Adobe RGB": () => png([iccp(ADOBE_PROFILE)]),
  "PNG with iCCP of ProPhoto": () => png([iccp(PROPHOTO_PROFILE)]),
  "PNG with sRGB and iCCP of P3": () => png([SRGB, iccp(P3_PROFILE)]),
  "PNG with iCCP of P3 and gAMA 1.0": () => png([iccp(P3_PROFILE), gama(1)]),
  "PNG with iCCP of zeros and gAMA 1.0": () => png([iccp(Buffer.alloc(200)), gama(1)]),
  "PNG with iCCP that does not inflate and gAMA 1.0": () =>
    png([chunk("iCCP", Buffer.from("icc\0\0abcdefgh", "latin1")), gama(1)]),
  "PNG with iCCP of grey": () => png([iccp(GREY_PROFILE)]),
  "PNG with cICP of P3": () => png([cicp(12, 13)]),
  "PNG with cICP of P3 and iCCP of sRGB": () => png([iccp(SRGB_PROFILE), cicp(12, 13)]),
  "PNG with cICP of sRGB and iCCP of P3": () => png([iccp(P3_PROFILE), cicp(1, 13)]),
  "PNG with unspecified cICP and iCCP of P3": () => png([cicp(2, 2), iccp(P3_PROFILE)]),
  "PNG with unknown cICP and gAMA 1.0": () => png([cicp(12, 2), gama(1)]),
  "PNG with cICP in limited range": () => png([chunk("cICP", Buffer.from([12, 13, 0, 0]))]),
  "PNG with a short cICP": () => png([chunk("cICP", Buffer.from([12, 13, 0]))]),
  ...Object.fromEntries(
    [4, 5, 6, 8, 9, 10, 11, 22].map((one) => [
      `PNG with cICP of primaries ${one}`,
      () => png([cicp(one, 13)]),
    ]),
  ),
  ...Object.fromEntries(
    [1, 4, 5, 7, 8, 9, 14, 17].map((one) => [`PNG with cICP of transfer ${one}`, () => png([cicp(1, one)])]),
  ),
  "PNG with cICP of PQ": () => png([cicp(9, 16)]),
  "PNG with cICP of PQ in P3": () => png([cicp(12, 16)]),
  "PNG with cICP of PQ and cLLI of 4,000": () => png([cicp(9, 16), clli(4_000)]),
  "PNG with cICP of PQ and cLLI of 203": () => png([cicp(9, 16), clli(203)]),
  "PNG with cICP of PQ and mDCV of 4,000": () => png([cicp(9, 16), mdcv(4_000)]),
  "PNG with cICP of HLG": () => png([cicp(9, 18)]),
  "16-bit PNG without a tag": () => png([], 16),
  "16-bit PNG with iCCP of sRGB": () => png([iccp(SRGB_PROFILE)], 16),
  "16-bit PNG with iCCP of P3": () => png([iccp(P3_PROFILE)], 16),
  "16-bit PNG with gAMA 1.0": () => png([gama(1)], 16),
  "16-bit PNG with cICP of PQ": () => png([cicp(9, 16)], 16),
  "16-bit PNG with alpha and iCCP of P3": () => png([iccp(P3_PROFILE)], 16, 4),
  "PNG with alpha and cICP of P3": () => png([cicp(12, 13)], 8, 4),
  "palette PNG with gAMA 1.0": async () =>
    withChunks(await patchwork().png({ palette: true }).toBuffer(), [gama(1)]),
  "grey PNG with iCCP of gamma 1.8": () => png([iccp(GREY_PROFILE)], 8, 1),
  "grey PNG with iCCP of P3": () => png([iccp(P3_PROFILE)], 8, 1),
  "grey PNG with gAMA 1.0": () => png([gama(1)], 8, 1),
  "grey PNG with cICP of PQ": () => png([cicp(9, 16)], 8, 1),
  "16-bit grey PNG without a tag": () => png([], 16, 1),
  "16-bit grey PNG with iCCP of gamma 1.8": () => png([iccp(GREY_PROFILE)], 16, 1),
  "16-bit grey PNG with gAMA 1.0": () => png([gama(1)], 16, 1),
  "JPEG without a profile": () => jpeg(),
  "JPEG with the profile of P3": () => jpeg(P3_PROFILE),
  "JPEG with the profile of P3 in pieces": () => jpeg(P3_PROFILE, 3, 100),
  "JPEG with the profile of Adobe RGB": () => jpeg(ADOBE_PROFILE),
  "JPEG with the profile of ProPhoto": () => jpeg(PROPHOTO_PROFILE),
  "JPEG with a gain map": async () => withGainMap(await jpeg()),
  "JPEG with the profile of P3 and a gain map": async () => withGainMap(await jpeg(P3_PROFILE)),
  "JPEG with the profile of grey": () => jpeg(GREY_PROFILE),
  "JPEG with a profile that ends early": () => jpeg(P3_PROFILE.subarray(0, -40)),
  "JPEG with a profile one of whose tags lies outside of it": () => {
    const profile = Buffer.from(P3_PROFILE);
    profile.writeUInt32BE(0x7fffffff, 132 + 4);
    return jpeg(profile);
  },
  "JPEG with a profile of sevens": () => jpeg(Buffer.alloc(300, 7)),
  // A megabyte, in fifteen segments.
  "JPEG with the profile of CMYK": async () => {
    const print = await patchwork().toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer();
    return jpeg((await sharp(print).metadata()).icc);
  },
  "JPEG whose EXIF says another space than sRGB": () =>
    patchwork()
      .withExif({ IFD2: { ColorSpace: "65535" } })
      .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
      .toBuffer(),
  "grey JPEG with the profile of grey": () => jpeg(GREY_PROFILE, 1),
  "grey JPEG with the profile of P3": () => jpeg(P3_PROFILE, 1),
  "WebP with the profile of P3": () => patchwork().withIccProfile("p3").webp({ lossless: true }).toBuffer(),
  "AVIF without a tag": async () => untagged(await avif()),
  "AVIF with nclx of P3": async () => nclx(await avif(), 12, 13),
  "AVIF with nclx of primaries 9 and transfer 1": async () => nclx(await avif(), 9, 1),
  "AVIF with unspecified nclx": async () => nclx(await avif(), 2, 2),
  "AVIF with nclx of P3 and unspecified transfer": async () => nclx(await avif(), 12, 2),
  "AVIF with unspecified primaries and linear light": async () => nclx(await avif(), 2, 8),
  "AVIF with unknown nclx": async () => nclx(await avif(), 100, 100),
  "AVIF with nclx of primaries 6 and transfer 6": async () => nclx(await avif(), 6, 6),
  "AVIF with nclx of PQ": async () => nclx(await avif(), 9, 16),
  "AVIF with nclx of HLG": async () => nclx(await avif(), 9, 18),
  "10-bit AVIF with nclx of P3": async () => nclx(await avif(10), 12, 13),
  "10-bit AVIF with nclx of PQ": async () => nclx(await avif(10), 9, 16),
  "10-bit AVIF with nclx of HLG": async () => nclx(await avif(10), 9, 18),
  "AVIF of P3 without a colr box": () => fixture("p3-stream.avif"),
  "grey AVIF in limited range": () => fixture("grey-limited.avif"),
  "grey AVIF in limited range without a colr box": async () => untagged(await fixture("grey-limited.avif")),
  "grey AVIF in limited range with a profile": async () =>
    Buffer.from(withProfile("image/avif", await fixture("grey-limited.avif"), GREY_PROFILE)),
  "grey AVIF in full range with a profile": async () =>
    Buffer.from(withProfile("image/avif", await fixture("grey-full.avif"), GREY_PROFILE)),
  "grey AVIF in full range": () => fixture("grey-full.avif"),
  "AVIF with the profile of P3": () => fixture("icc-p3.avif"),
  "10-bit AVIF with the profile of P3": () => fixture("icc-p3-10.avif"),
};

// --- PNG ---

async function png(
  chunks: readonly Buffer[] = [],
  bits: 8 | 16 = 8,
  channels: 1 | 3 | 4 = 3,
): Promise<Buffer> {
  return withChunks(await patchwork(bits, channels).png().toBuffer(), chunks);
}

const SRGB = chunk("sRGB", Buffer.from([0]));
const P3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];

function gama(gamma: number): Buffer {
  return chunk("gAMA", uint32(Math.round(gamma * 100_000)));
}

function chrm(values: readonly number[]): Buffer {
  return chunk("cHRM", Buffer.concat(values.map((value) => uint32(Math.round(value * 100_000)))));
}

function cicp(primaries: number, transfer: number): Buffer {
  return chunk("cICP", Buffer.from([primaries, transfer, 0, 1]));
}

function clli(brightest: number): Buffer {
  return chunk("cLLI", Buffer.concat([uint32(brightest * 10_000), uint32(100 * 10_000)]));
}

function mdcv(brightest: number): Buffer {
  const xy = [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329].map((value) =>
    Math.round(value * 50_000),
  );
  const chromaticities = Buffer.from(xy.flatMap((value) => [value >> 8, value & 255]));
  return chunk("mDCV", Buffer.concat([chromaticities, uint32(brightest * 10_000), uint32(1)]));
}

function iccp(profile: Buffer): Buffer {
  return chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(profile)]));
}

// --- profiles ---

const GAMMA_18 = { ...SRGB_CURVE, g: 1.8, a: 1, b: 0, c: 0, d: 0 };
const P3_PROFILE = iccProfile({ chromaticities: P3_SPACE, transfer: SRGB_CURVE }, "colour");
const SRGB_PROFILE = iccProfile({ chromaticities: BT709, transfer: SRGB_CURVE }, "colour");
const ADOBE_PROFILE = iccProfile(
  {
    chromaticities: { white: [0.3127, 0.329], red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06] },
    transfer: { ...GAMMA_18, g: 563 / 256 },
  },
  "colour",
);
const PROPHOTO_PROFILE = iccProfile(
  {
    chromaticities: {
      white: [0.3457, 0.3585],
      red: [0.7347, 0.2653],
      green: [0.1596, 0.8404],
      blue: [0.0366, 0.0001],
    },
    transfer: { ...GAMMA_18, a: 1, c: 1 / 16, d: 1 / 32 },
  },
  "colour",
);
const GREY_PROFILE = iccProfile({ chromaticities: BT709, transfer: GAMMA_18 }, "grey");

// --- JPEG: a profile in pieces (ICC.1:2022, annex B.4) ---

async function jpeg(profile?: Buffer, channels: 1 | 3 = 3, pieceBytes = 65_000): Promise<Buffer> {
  const plain = await patchwork(8, channels).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
  const bytes = profile ?? Buffer.alloc(0);
  const pieces = Math.ceil(bytes.length / pieceBytes);
  const segments = Array.from({ length: pieces }, (_, index) => {
    const piece = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    const head = Buffer.from("\xff\xe2..ICC_PROFILE\0..", "latin1");
    head.writeUInt16BE(piece.length + 16, 2);
    head.set([index + 1, pieces], 16);
    return Buffer.concat([head, piece]);
  });
  return Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(2)]);
}

/** As phones write HDR (Ultra HDR 1.1): a second JPEG says how much brighter than white the first one's parts are. */
async function withGainMap(base: Buffer): Promise<Buffer> {
  const map = await patchwork(8, 1).jpeg().toBuffer();
  const hdr = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"';
  const said = (more: string) =>
    segment(
      0xe1,
      Buffer.from(
        `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ${hdr} ${more}/></rdf:RDF></x:xmpmeta>`,
      ),
    );
  const gains = 'hdrgm:GainMapMin="0" hdrgm:GainMapMax="2" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2"';
  const second = Buffer.concat([map.subarray(0, 2), said(gains), map.subarray(2)]);
  const before = Buffer.concat([base.subarray(0, 2), said("")]);
  const index = 4 + 8 + 2 + 3 * 12 + 4;
  const first = before.length + 4 + index + 32 + base.length - 2;
  // CIPA DC-007: the two pictures' sizes and places, the second one's from the byte order mark on.
  const pictures = Buffer.concat([
    Buffer.from("MPF\0MM\0*\0\0\0\x08\0\x03", "latin1"),
    Buffer.from([0xb0, 0, 0, 7, 0, 0, 0, 4]),
    Buffer.from("0100"),
    Buffer.from([0xb0, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2]),
    Buffer.from([0xb0, 2, 0, 7, 0, 0, 0, 32, 0, 0, 0, index - 4]),
    uint32(0),
    ...[0x30000, first, 0, 0].map(uint32),
    ...[0, second.length, first - before.length - 8, 0].map(uint32),
  ]);
  return Buffer.concat([before, segment(0xe2, pictures), base.subarray(2), second]);
}

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

// --- AVIF ---

function avif(bitdepth: 8 | 10 = 8): Promise<Buffer> {
  return patchwork(bitdepth === 8 ? 8 : 16)
    .avif({ lossless: true, bitdepth, effort: 0 })
    .toBuffer();
}

/** With other code points in its colr box; the matrix and the range stay. */
function nclx(file: Buffer, primaries: number, transfer: number): Buffer {
  const at = file.indexOf("colrnclx");
  if (at < 0) throw new Error("the file has no nclx");
  file.writeUInt16BE(primaries, at + 8);
  file.writeUInt16BE(transfer, at + 10);
  return file;
}

/** Without its colr box. */
function untagged(file: Buffer): Buffer {
  const at = file.indexOf("colrnclx");
  if (at >= 0) file.write("free", at, "latin1");
  return file;
}

/** Made by avifenc of libavif 0.11.1 from the patches. */
export function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(name, import.meta.url));
}
