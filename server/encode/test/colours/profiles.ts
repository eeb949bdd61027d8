import sharp from "sharp";
import { BT709, P3, SRGB_CURVE } from "../../child/colour/colour-space.ts";
import { iccProfile } from "../../child/colour/icc-profile.ts";
import { patchwork } from "./patches.ts";

const GAMMA_18 = { ...SRGB_CURVE, g: 1.8, a: 1, b: 0, c: 0, d: 0 };
export const P3_PROFILE = iccProfile({ chromaticities: P3, transfer: SRGB_CURVE }, "colour");
export const SRGB_PROFILE = iccProfile({ chromaticities: BT709, transfer: SRGB_CURVE }, "colour");
export const ADOBE_PROFILE = iccProfile(
  {
    chromaticities: { white: [0.3127, 0.329], red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06] },
    transfer: { ...GAMMA_18, g: 563 / 256 },
  },
  "colour",
);
export const PROPHOTO_PROFILE = iccProfile(
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
export const GREY_PROFILE = iccProfile({ chromaticities: BT709, transfer: GAMMA_18 }, "grey");
/** It has a table in place of curves. */
export const TABLE_PROFILE = iccProfile(
  { chromaticities: P3, transfer: { kind: "hlg", peak: 1_000 } },
  "colour",
);

/** sharp's own, of a megabyte. */
export async function cmykProfile(): Promise<Buffer> {
  const print = await patchwork().toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer();
  return (await sharp(print).metadata()).icc ?? Buffer.alloc(0);
}

export function ofVersion(version: number, profile: Buffer): Buffer {
  const copy = Buffer.from(profile);
  copy.writeUInt8(version, 8);
  return copy;
}

/** Its header says D65, where every profile has D50. */
export function withOtherWhite(profile: Buffer): Buffer {
  const copy = Buffer.from(profile);
  for (const [index, value] of [0.9505, 1, 1.0891].entries())
    copy.writeInt32BE(Math.round(value * 65_536), 68 + 4 * index);
  return copy;
}

/** Three bytes longer, which libpng refuses from version 4 on. */
export function ofOddLength(profile: Buffer): Buffer {
  const copy = Buffer.concat([profile, Buffer.alloc(3)]);
  copy.writeUInt32BE(copy.length, 0);
  return copy;
}

/** With a tag of code points in place of its white, which nothing needs. */
export function withCicp(primaries: number, transfer: number, profile: Buffer): Buffer {
  const copy = Buffer.from(profile);
  const at = profile.indexOf("wtpt");
  copy.write("cicp", at, "latin1");
  const tag = Buffer.from([...Buffer.from("cicp\0\0\0\0", "latin1"), primaries, transfer, 0, 1]);
  tag.copy(copy, profile.readUInt32BE(at + 4));
  return copy;
}

/** As {@link withCicp}, but without curves, which a conversion needs. */
export function withOnlyCicp(primaries: number, transfer: number): Buffer {
  const copy = withCicp(primaries, transfer, P3_PROFILE);
  for (const curve of ["rTRC", "gTRC", "bTRC"]) copy.write("none", copy.indexOf(curve), "latin1");
  return copy;
}
