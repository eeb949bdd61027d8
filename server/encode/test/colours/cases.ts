import { withProfile } from "../../child/colour/retag.ts";
import { chunk, uint32, withChunks } from "../png.ts";
import { patchwork } from "./patches.ts";
import {
  ADOBE_PROFILE,
  cmykProfile,
  GREY_PROFILE,
  ofOddLength,
  ofVersion,
  P3_PROFILE,
  PROPHOTO_PROFILE,
  SRGB_PROFILE,
  TABLE_PROFILE,
  withCicp,
  withOnlyCicp,
  withOtherWhite,
} from "./profiles.ts";
import {
  avif,
  chrm,
  cicp,
  clli,
  fixture,
  gama,
  iccp,
  jpeg,
  jpegOf,
  mdcv,
  nclx,
  P3,
  palettePng,
  png,
  SRGB,
  untagged,
  webp,
  withGainMap,
  withMatrix,
  withWrongChecksum,
} from "./tagged.ts";

/** Originals of the same numbers with different colour tags, by name. `npm run colours` writes what Chromium shows. */
export const colourCases: Readonly<Record<string, () => Promise<Buffer>>> = {
  "PNG without a tag": () => png(),
  "PNG with gAMA 1.0": () => png([gama(1)]),
  "PNG with gAMA 0.45455": () => png([gama(0.45455)]),
  "PNG with gAMA 0.4": () => png([gama(0.4)]),
  "PNG with gAMA 0": () => png([gama(0)]),
  "PNG with a gAMA that is far too large": () => png([chunk("gAMA", uint32(0x7fffffff))]),
  "PNG with a gAMA whose checksum is wrong": () => png([withWrongChecksum(gama(1))]),
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
  // Of ACEScg. Its red has x and y above 1 together.
  "PNG with cHRM of a red beyond all colours": () =>
    png([gama(0.45455), chrm([0.32168, 0.33767, 0.713, 0.293, 0.165, 0.83, 0.128, 0.044])]),
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
  "PNG with iCCP of grey and gAMA 1.0": () => png([iccp(GREY_PROFILE), gama(1)]),
  "PNG with iCCP of CMYK and gAMA 1.0": async () => png([iccp(await cmykProfile()), gama(1)]),
  "PNG with iCCP of version 5 and gAMA 1.0": () => png([iccp(ofVersion(5, PROPHOTO_PROFILE)), gama(1)]),
  "PNG with iCCP for another white and gAMA 1.0": () =>
    png([iccp(withOtherWhite(PROPHOTO_PROFILE)), gama(1)]),
  "PNG with iCCP of version 4 and an odd length": () =>
    png([iccp(ofOddLength(ofVersion(4, PROPHOTO_PROFILE)))]),
  "PNG with iCCP whose checksum is wrong": () =>
    png([withWrongChecksum(iccp(PROPHOTO_PROFILE)), iccp(P3_PROFILE)]),
  "palette PNG with iCCP behind the palette": () => palettePng([iccp(PROPHOTO_PROFILE)]),
  "palette PNG with cICP behind the palette": () => palettePng([cicp(12, 8)]),
  "palette PNG with gAMA 1.0 behind the palette": () => palettePng([gama(1)]),
  "PNG with cICP of P3": () => png([cicp(12, 13)]),
  "PNG with cICP of P3 and iCCP of sRGB": () => png([iccp(SRGB_PROFILE), cicp(12, 13)]),
  "PNG with cICP of sRGB and iCCP of P3": () => png([iccp(P3_PROFILE), cicp(1, 13)]),
  "PNG with unspecified cICP and iCCP of P3": () => png([cicp(2, 2), iccp(P3_PROFILE)]),
  "PNG with unknown cICP and gAMA 1.0": () => png([cicp(12, 2), gama(1)]),
  "PNG with cICP in limited range": () => png([chunk("cICP", Buffer.from([12, 13, 0, 0]))]),
  "PNG with cICP in limited range and another one": () =>
    png([chunk("cICP", Buffer.from([12, 13, 0, 0])), cicp(12, 8)]),
  "PNG with an unknown cICP and another one": () => png([cicp(12, 2), cicp(12, 8)]),
  "PNG with a short cICP and another one": () => png([chunk("cICP", Buffer.from([12, 13])), cicp(12, 8)]),
  "PNG with cICP behind its pixels": async () => {
    const plain = await png();
    return Buffer.concat([plain.subarray(0, -12), cicp(12, 8), plain.subarray(-12)]);
  },
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
  "grey PNG with iCCP of ProPhoto": () => png([iccp(PROPHOTO_PROFILE)], 8, 1),
  "grey PNG with iCCP of CMYK": async () => png([iccp(await cmykProfile())], 8, 1),
  "grey PNG with gAMA 1.0": () => png([gama(1)], 8, 1),
  "grey PNG with cICP of PQ": () => png([cicp(9, 16)], 8, 1),
  "16-bit grey PNG without a tag": () => png([], 16, 1),
  "16-bit grey PNG with iCCP of gamma 1.8": () => png([iccp(GREY_PROFILE)], 16, 1),
  "16-bit grey PNG with iCCP of ProPhoto": () => png([iccp(PROPHOTO_PROFILE)], 16, 1),
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
  // In fifteen segments.
  "JPEG with the profile of CMYK": async () => jpeg(await cmykProfile()),
  "JPEG with a profile of version 5": () => jpeg(ofVersion(5, PROPHOTO_PROFILE)),
  "JPEG with a profile for another white": () => jpeg(withOtherWhite(PROPHOTO_PROFILE)),
  "JPEG with a profile whose pieces are in another order": () =>
    jpegOf([
      [2, 2, PROPHOTO_PROFILE.subarray(200)],
      [1, 2, PROPHOTO_PROFILE.subarray(0, 200)],
    ]),
  "JPEG with a profile one of whose pieces is missing": () => jpegOf([[1, 2, PROPHOTO_PROFILE]]),
  "JPEG with a profile one of whose pieces is there twice": () =>
    jpegOf([
      [1, 2, PROPHOTO_PROFILE],
      [1, 2, PROPHOTO_PROFILE],
    ]),
  "JPEG with a profile whose pieces have two counts": () =>
    jpegOf([
      [1, 2, PROPHOTO_PROFILE.subarray(0, 200)],
      [2, 3, PROPHOTO_PROFILE.subarray(200)],
    ]),
  "JPEG with the profiles of ProPhoto and P3": () =>
    jpegOf([
      [1, 1, PROPHOTO_PROFILE],
      [1, 1, P3_PROFILE],
    ]),
  "JPEG with a profile that names PQ": () => jpeg(withCicp(9, 16, ADOBE_PROFILE)),
  "JPEG with a profile that names HLG": () => jpeg(withCicp(9, 18, ADOBE_PROFILE)),
  "grey JPEG with a profile that names PQ": () => jpeg(withCicp(9, 16, GREY_PROFILE), 1),
  "16-bit PNG with iCCP that names PQ": () => png([iccp(withCicp(9, 16, ADOBE_PROFILE))], 16),
  "AVIF with a profile that names PQ": async () =>
    Buffer.from(withProfile("image/avif", await avif(10), withCicp(9, 16, ADOBE_PROFILE))),
  "JPEG with a profile that names PQ, without curves": () => jpeg(withOnlyCicp(9, 16)),
  ...Object.fromEntries(
    [1, 6, 8, 14].map((one) => [
      `JPEG with a profile that names transfer ${one}`,
      () => jpeg(withCicp(12, one, PROPHOTO_PROFILE)),
    ]),
  ),
  "JPEG with a profile that names an unspecified space": () => jpeg(withCicp(2, 2, PROPHOTO_PROFILE)),
  "grey JPEG with a profile that names linear light": () => jpeg(withCicp(12, 8, PROPHOTO_PROFILE), 1),
  "16-bit PNG with iCCP that names linear light": () => png([iccp(withCicp(12, 8, ADOBE_PROFILE))], 16),
  "JPEG whose EXIF says Adobe RGB": () =>
    patchwork()
      .withExif({ IFD2: { ColorSpace: "2" } })
      .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
      .toBuffer(),
  "JPEG whose EXIF says another space than sRGB": () =>
    patchwork()
      .withExif({ IFD2: { ColorSpace: "65535" } })
      .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
      .toBuffer(),
  "grey JPEG with the profile of grey": () => jpeg(GREY_PROFILE, 1),
  "grey JPEG with the profile of P3": () => jpeg(P3_PROFILE, 1),
  "JPEG with a profile of a table": () => jpeg(TABLE_PROFILE),
  "grey JPEG with a profile of a table": () => jpeg(TABLE_PROFILE, 1),
  "16-bit grey PNG with iCCP of a table": () => png([iccp(TABLE_PROFILE)], 16, 1),
  "grey AVIF in limited range with a profile of a table": async () =>
    Buffer.from(withProfile("image/avif", await fixture("grey-limited.avif"), TABLE_PROFILE)),
  "grey JPEG with the profile of ProPhoto": () => jpeg(PROPHOTO_PROFILE, 1),
  "WebP with the profile of P3": () => patchwork().withIccProfile("p3").webp({ lossless: true }).toBuffer(),
  "WebP with the profile of ProPhoto": () => webp(PROPHOTO_PROFILE),
  "WebP with a profile of version 5": () => webp(ofVersion(5, PROPHOTO_PROFILE)),
  "WebP with the profile of grey": () => webp(GREY_PROFILE),
  "WebP with a profile that names PQ": () => webp(withCicp(9, 16, ADOBE_PROFILE)),
  "WebP with a profile that names HLG": () => webp(withCicp(9, 18, ADOBE_PROFILE)),
  "WebP with a profile that names linear light": () => webp(withCicp(12, 8, ADOBE_PROFILE)),
  "AVIF without a tag": async () => untagged(await avif()),
  "AVIF with nclx of P3": async () => nclx(await avif(), 12, 13),
  "AVIF with nclx of primaries 9 and transfer 1": async () => nclx(await avif(), 9, 1),
  "AVIF with unspecified nclx": async () => nclx(await avif(), 2, 2),
  "AVIF with nclx of P3 and unspecified transfer": async () => nclx(await avif(), 12, 2),
  "AVIF with unspecified primaries and linear light": async () => nclx(await avif(), 2, 8),
  "AVIF with unknown nclx": async () => nclx(await avif(), 100, 100),
  "AVIF with nclx of a reserved transfer": async () => nclx(await avif(), 12, 3),
  "AVIF with nclx of reserved primaries": async () => nclx(await avif(), 0, 8),
  "AVIF with nclx of primaries 6 and transfer 6": async () => nclx(await avif(), 6, 6),
  "AVIF with nclx of PQ": async () => nclx(await avif(), 9, 16),
  "AVIF with nclx of HLG": async () => nclx(await avif(), 9, 18),
  "10-bit AVIF with nclx of P3": async () => nclx(await avif(10), 12, 13),
  "10-bit AVIF with nclx of PQ": async () => nclx(await avif(10), 9, 16),
  "10-bit AVIF with nclx of HLG": async () => nclx(await avif(10), 9, 18),
  "AVIF with nclx of P3 and a matrix of YCgCo": async () => withMatrix(nclx(await avif(), 12, 13), 8),
  "AVIF with nclx of P3 and a matrix from its primaries": async () =>
    withMatrix(nclx(await avif(), 12, 13), 12),
  "grey AVIF in limited range with a matrix from its primaries": async () =>
    withMatrix(nclx(await fixture("grey-limited.avif"), 12, 8), 12),
  "AVIF of P3 without a colr box": () => fixture("p3-stream.avif"),
  "grey AVIF in limited range": () => fixture("grey-limited.avif"),
  "grey AVIF in limited range without a colr box": async () => untagged(await fixture("grey-limited.avif")),
  "grey AVIF in limited range with nclx of PQ": async () => nclx(await fixture("grey-limited.avif"), 9, 16),
  "grey AVIF in limited range with nclx of HLG": async () => nclx(await fixture("grey-limited.avif"), 9, 18),
  "grey AVIF in limited range with a profile": async () =>
    Buffer.from(withProfile("image/avif", await fixture("grey-limited.avif"), GREY_PROFILE)),
  "grey AVIF in full range with a profile": async () =>
    Buffer.from(withProfile("image/avif", await fixture("grey-full.avif"), GREY_PROFILE)),
  "grey AVIF in full range": () => fixture("grey-full.avif"),
  "AVIF with the profile of P3": () => fixture("icc-p3.avif"),
  "10-bit AVIF with the profile of P3": () => fixture("icc-p3-10.avif"),
};
