import sharp from "sharp";
import { optionsFor } from "../encoder-settings.ts";
import type { Lossy } from "../quality.ts";
import { toSrgb } from "../resize.ts";
import type { Pixels } from "./rows.ts";
import { ssimulacra2 } from "./ssimulacra2.ts";

export interface Judged {
  readonly score: number;
  readonly bytes: number;
}

/** Encodes pixels, and compares the result with them. @param quality the encoder's own. */
export async function judge(
  pixels: Pixels,
  format: Lossy,
  { effort, quality }: { readonly effort: number; readonly quality: number },
): Promise<Judged> {
  const { data, width, height, channels } = pixels;
  const image = sharp(data, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });
  const encoded = await (format === "jpg"
    ? image.jpeg({ ...optionsFor("jpg", effort), quality })
    : format === "webp"
      ? image.webp({ ...optionsFor("webp", effort), quality, effort })
      : image.avif({ ...optionsFor("avif", effort), quality, effort })
  ).toBuffer();
  const { data: decoded, info } = await toSrgb(sharp(encoded)).raw().toBuffer({ resolveWithObject: true });
  return { score: ssimulacra2(pixels, { data: decoded, ...info }), bytes: encoded.byteLength };
}
