import sharp, { type Sharp } from "sharp";
import { type EncodedFormat, formats } from "../../../contract/formats.ts";
import { MAX_QUALITY } from "../../../contract/url/request.ts";
import type { Encoded } from "../encoder.ts";
import { offsetAt } from "../tuning.ts";
import { hasPalette, hasSharpChroma, optionsFor } from "./encoder-settings.ts";
import { writeCopyright } from "./metadata/write-copyright.ts";
import type { Plan } from "./plan.ts";
import { type Lossy, qualityFor } from "./quality.ts";

/** The part of a plan that an encoder uses. */
export type Settings = Pick<
  Plan,
  | "choice"
  | "quality"
  | "offsets"
  | "width"
  | "height"
  | "effort"
  | "threads"
  | "mayBeGraphic"
  | "lossless"
  | "copyright"
>;

/** Encodes the pixels of a tier in the plan's format. */
export async function encode(image: Sharp, plan: Settings): Promise<Encoded> {
  const { format, substitute } = plan.choice;
  const encoded = encoders[format](image, plan);
  const carrying = plan.copyright && writeCopyright(encoded, plan.copyright);
  const { data, info } = await withThreads(plan.threads, () =>
    (carrying?.image ?? encoded).toBuffer({ resolveWithObject: true }),
  );
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

/** For the whole process: a child makes one image at a time. Threads change an AVIF's bytes, and no other work has memory for them. */
async function withThreads<Made>(threads: number, make: () => Promise<Made>): Promise<Made> {
  sharp.concurrency(threads);
  try {
    return await make();
  } finally {
    sharp.concurrency(1);
  }
}

/** The encoder's own quality, with what the photograph's tuning adds. */
function ownQuality(format: Lossy, plan: Settings): number {
  const { quality: q, offsets, effort, width, height } = plan;
  const offset = format === "jpg" ? 0 : (offsetAt(offsets[format], { q, width }) ?? 0);
  const tuned = Math.min(MAX_QUALITY, Math.max(1, q + offset));
  return qualityFor(format, tuned, effort, width * height);
}

const encoders: Readonly<Record<EncodedFormat, (image: Sharp, plan: Settings) => Sharp>> = {
  avif: (image, plan) => {
    const { effort } = plan;
    return image.avif({ ...optionsFor("avif", effort), quality: ownQuality("avif", plan), effort });
  },
  webp: (image, plan) => {
    const { effort, lossless } = plan;
    if (lossless) return image.webp({ lossless, effort });
    const quality = ownQuality("webp", plan);
    return image.webp({ quality, effort, smartSubsample: hasSharpChroma(plan) });
  },
  jpg: (image, plan) =>
    image
      .flatten({ background: "#ffffff" })
      .jpeg({ ...optionsFor("jpg", plan.effort), quality: ownQuality("jpg", plan) }),
  png: (image, { quality, effort, lossless }) =>
    lossless || !hasPalette(quality)
      ? image.png()
      : image.png({ ...optionsFor("png", effort), palette: true, quality }),
  gif: (image, { effort }) => image.gif(optionsFor("gif", effort)),
};
