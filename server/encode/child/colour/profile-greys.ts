import sharp from "sharp";
import type { Curve, Samples } from "./colour-space.ts";
import { decodeSrgb } from "./icc-profile.ts";
import { greyCurveIn } from "./profile-curve.ts";
import { numbersOf } from "./profile-tags.ts";
import { withProfile } from "./retag.ts";

/**
 * How light the greys of a profile are: by its curve, or, if it has tables, by a ramp that the decoder converts.
 * @returns undefined if it cannot be read.
 */
export async function greysOf(profile: Buffer): Promise<Curve | Samples | undefined> {
  return greyCurveIn(profile) ?? (await ramp(profile).catch(() => undefined));
}

const LEVELS = 256;

async function ramp(profile: Buffer): Promise<Samples> {
  const isGrey = numbersOf(profile) === "GRAY";
  const channels = isGrey ? 1 : 3;
  const levels = Uint8Array.from({ length: LEVELS * channels }, (_, at) => Math.floor(at / channels));
  const png = await sharp(levels, { raw: { width: LEVELS, height: 1, channels } })
    .toColourspace(isGrey ? "b-w" : "srgb")
    .png()
    .toBuffer();
  const { data, info } = await sharp(withProfile("image/png", png, profile))
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const green = Array.from({ length: LEVELS }, (_, level) => data[level * info.channels + 1] ?? 0);
  return { kind: "samples", values: green.map((level) => decodeSrgb(level / (LEVELS - 1))) };
}
