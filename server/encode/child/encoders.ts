import type { Sharp } from "sharp";
import { type EncodedFormat, formats } from "../../../contract/formats.ts";
import type { Encoded } from "../encoder.ts";
import { bareFile } from "./original/bare.ts";
import { writeCopyright } from "./original/copyright.ts";
import type { Original } from "./original/original.ts";
import type { Plan } from "./plan.ts";
import { qualityFor } from "./quality.ts";

/** The part of a plan that an encoder looks at. */
export type Settings = Pick<Plan, "choice" | "quality" | "effort" | "lossless" | "copyright">;

/** Writes the pixels of a tier in the plan's format. */
export async function encode(image: Sharp, plan: Settings): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const encoded = encoders[format](image, plan);
  const { data, info } = await (plan.copyright ? writeCopyright(encoded, plan.copyright) : encoded).toBuffer({
    resolveWithObject: true,
  });
  return {
    contentType: formats[format].type,
    body: data,
    width: info.width,
    height: info.pageHeight ?? info.height,
    effort: plan.effort,
    substitute,
  };
}

/** From this quality on WebP's halved colour is what one sees first: better averaged, it saves up to a fifth. */
export function hasSharpChroma(q: number): boolean {
  return qualityFor("webp", q) >= 70;
}

/** From some `q` on a PNG keeps every colour; below it a palette of fewer. */
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

/** The original's own file, where no encoder would do better: a GIF for readers without WebP. */
export function asItIs(original: Original, plan: Plan): Encoded {
  return {
    contentType: original.type,
    body: bareFile(original),
    width: original.width,
    height: original.height,
    effort: 0,
    substitute: plan.choice.substitute,
  };
}
