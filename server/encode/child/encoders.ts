import type { Sharp } from "sharp";
import { type EncodedFormat, formats } from "../../../contract/formats.ts";
import type { Encoded } from "../encoder.ts";
import { writeCopyright } from "./metadata/write-copyright.ts";
import type { Plan } from "./plan.ts";
import { qualityFor } from "./quality.ts";

/** The part of a plan that an encoder uses. */
export type Settings = Pick<Plan, "choice" | "quality" | "effort" | "lossless" | "copyright">;

/** Encodes the pixels of a tier in the plan's format. */
export async function encode(image: Sharp, plan: Settings): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const encoded = encoders[format](image, plan);
  const carrying = plan.copyright && writeCopyright(encoded, plan.copyright);
  const { data, info } = await (carrying?.image ?? encoded).toBuffer({ resolveWithObject: true });
  carrying?.complete(data);
  return {
    contentType: formats[format].type,
    body: data,
    width: info.width,
    height: info.pageHeight ?? info.height,
    effort: plan.effort,
    substitute,
  };
}

/** From this quality on, WebP's halved colour resolution is the most visible fault: a better average saves up to a fifth. */
export function hasSharpChroma(q: number): boolean {
  return qualityFor("webp", q) >= 70;
}

/** From this `q` on a PNG keeps every colour; below it has a palette with fewer. */
export function hasPalette(q: number): boolean {
  return q < 80;
}

const encoders: Readonly<Record<EncodedFormat, (image: Sharp, plan: Settings) => Sharp>> = {
  avif: (image, { quality, effort }) => image.avif({ quality: qualityFor("avif", quality), effort }),
  webp: (image, { quality, effort, lossless }) => {
    if (lossless) return image.webp({ lossless, effort: 4 });
    return image.webp({
      quality: qualityFor("webp", quality),
      effort,
      smartSubsample: hasSharpChroma(quality),
    });
  },
  jpg: (image, { quality }) =>
    image.flatten({ background: "#ffffff" }).jpeg({ quality: qualityFor("jpg", quality), mozjpeg: true }),
  png: (image, { quality, lossless }) =>
    lossless || !hasPalette(quality) ? image.png() : image.png({ palette: true, quality, effort: 1 }),
  gif: (image) => image.gif({ effort: 1 }),
};
