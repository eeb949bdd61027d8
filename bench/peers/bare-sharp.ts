import sharp, { type Sharp } from "sharp";
import type { Format } from "../../contract/formats.ts";
import { effortFor } from "../../server/encode/child/encoder-settings.ts";
import { encode } from "../../server/encode/child/encoders.ts";
import type { Lane } from "../../server/encode/encoder.ts";

/** sharp alone, in this process, to the pixels of a width. */
export function bareTier(original: string | Uint8Array, width: number): Sharp {
  return sharp(original, { autoOrient: true })
    .resize({ width, withoutEnlargement: true })
    .toColourspace("srgb");
}

/** The settings of the server's encoders, from the function that sets them. */
export async function bareEncode(
  image: Sharp,
  how: {
    readonly format: Format;
    readonly q: number;
    readonly lane: Lane;
    readonly width: number;
    /** Default: that of a photograph of 3:2. */
    readonly height?: number;
  },
): Promise<void> {
  const { format, q, lane, width, height = (width * 2) / 3 } = how;
  await encode(image, {
    choice: { format, substitute: false },
    quality: q,
    effort: effortFor(format, lane, (width * height) / 1e6),
    width,
    height,
    threads: 1,
    mayBeGraphic: false,
    offsets: {},
    lossless: false,
    copyright: undefined,
  });
}
