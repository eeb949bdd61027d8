import sharp from "sharp";
import type { SourceLimits } from "../../limits.ts";
import { withProfile } from "../colour/retag.ts";
import type { Original } from "./original.ts";

/**
 * An AVIF whose colours are multiplied by its alpha channel, as an uncompressed PNG in which they are not: libvips takes them as
 * they are. Such files are rare, so that one more copy of all pixels is no matter.
 * @param black its number, from 0 to 1.
 */
export async function withStraightAlpha(
  original: Original,
  black: number,
  limits: SourceLimits,
): Promise<Original> {
  const { bytes, failOn, colours } = original;
  const input = { failOn, limitInputPixels: limits.pixels, sequentialRead: true } as const;
  const { space, icc, hasAlpha } = await sharp(bytes, input).metadata();
  if (!hasAlpha) return original;
  const isDeep = space === "rgb16";
  const { data, info } = await sharp(bytes, { ...input, ignoreIcc: true })
    .toColourspace(isDeep ? "rgb16" : "srgb")
    .raw({ depth: isDeep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const pixels = isDeep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  divide(pixels, info.channels, black);
  const { width, height, channels } = info;
  const png = await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(isDeep ? "rgb16" : "srgb")
    .png({ compressionLevel: 0 })
    .toBuffer();
  const isTagged = icc !== undefined && !colours.ignoreIcc;
  return { ...original, bytes: isTagged ? withProfile("image/png", png, icc) : png };
}

/** In place. The alpha channel is the last. */
function divide(pixels: Uint8Array | Uint16Array, channels: number, black: number): void {
  const most = 2 ** (8 * pixels.BYTES_PER_ELEMENT) - 1;
  const least = black * most;
  for (let at = 0; at + channels <= pixels.length; at += channels) {
    const alpha = pixels[at + channels - 1] ?? most;
    if (alpha === 0 || alpha === most) continue;
    for (let channel = at; channel < at + channels - 1; channel++)
      pixels[channel] = Math.min(most, Math.round(least + (((pixels[channel] ?? 0) - least) * most) / alpha));
  }
}
