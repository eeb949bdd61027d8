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
  how: { readonly format: Format; readonly q: number; readonly lane: Lane; readonly megapixels: number },
): Promise<void> {
  const { format, q, lane, megapixels } = how;
  await encode(image, {
    choice: { format, substitute: false },
    quality: q,
    effort: effortFor(format, lane, megapixels),
    threads: 1,
    mayBeGraphic: false,
    offsets: {},
    lossless: false,
    copyright: undefined,
  });
}
