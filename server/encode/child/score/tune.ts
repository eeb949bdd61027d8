import sharp from "sharp";
import type { Offsets } from "../../encoder.ts";
import type { SourceLimits } from "../../limits.ts";
import { optionsFor } from "../encoder-settings.ts";
import { decode, makeOrMend, type Original } from "../original/original.ts";
import { qualityFor } from "../quality.ts";
import { toSrgb } from "../resize.ts";
import type { Pixels } from "./rows.ts";
import { LEAST_SIDE, ssimulacra2 } from "./ssimulacra2.ts";

/** The size at which a photograph is tuned: its score at 400 and at 800 px correlate by 0.91. */
export const TUNE_SIDES = { width: 400, height: 800 } as const;

/** In the middle of the ladders' qualities. */
const QUALITY = 60;

/** More would mean that the score is misled: such a picture keeps the table's look as far as possible. */
const MOST_OFFSET = 12;

/** The score's mean change for one step of `q`. */
const SLOPE = 0.55;

/** Probes of one format: each costs an encode, a decode and a score. */
const MOST_PROBES = 4;

/** Nearer than this a step of `q` cannot come. */
const CLOSE = 0.4;

/**
 * What is added to `q`, for each format, so that this photograph looks as its JPEG does at the same `q`: SSIMULACRA 2.1 at
 * 400 px. The table of quality.ts is right on average only; AVIFs of single photographs are 12 points worse.
 * @returns nothing for what is no photograph: an animation, or a picture of a few pixels.
 */
export async function tuneOriginal(original: Original, limits: SourceLimits): Promise<Offsets> {
  if (original.frames > 1 || original.passedOn !== undefined) return {};
  const pixels = await makeOrMend(original, limits, async (one) => {
    const small = decode(one, limits, false).resize({
      ...TUNE_SIDES,
      fit: "inside",
      withoutEnlargement: true,
    });
    const flat = toSrgb(small).flatten({ background: "#ffffff" });
    const { data, info } = await flat.raw().toBuffer({ resolveWithObject: true });
    return { data, ...info };
  });
  if (Math.min(pixels.width, pixels.height) < LEAST_SIDE) return {};
  const jpeg = await scoreAt(pixels, "jpg", 0);
  const offsets = {
    avif: await findOffset(pixels, "avif", jpeg),
    webp: await findOffset(pixels, "webp", jpeg),
  };
  return offsets;
}

/** Secants: a format's score rises almost linearly with its quality. */
async function findOffset(pixels: Pixels, format: "avif" | "webp", wanted: number): Promise<number> {
  const probes = new Map<number, number>();
  let offset = 0;
  let slope = SLOPE;
  while (probes.size < MOST_PROBES && !probes.has(offset)) {
    const error = (await scoreAt(pixels, format, offset)) - wanted;
    for (const [other, before] of probes) {
      const measured = (error - before) / (offset - other);
      if (measured > SLOPE / 4) slope = measured;
    }
    probes.set(offset, error);
    if (Math.abs(error) < CLOSE) return offset;
    offset = Math.max(-MOST_OFFSET, Math.min(MOST_OFFSET, Math.round(offset - error / slope)));
  }
  const [best] = [...probes].sort(([, a], [, b]) => Math.abs(a) - Math.abs(b));
  return best?.[0] ?? 0;
}

const EFFORTS = { jpg: 1, webp: 6, avif: 3 } as const;

/** With the settings of the warm lane. */
async function scoreAt(pixels: Pixels, format: keyof typeof EFFORTS, offset: number): Promise<number> {
  const { data, width, height, channels } = pixels;
  const effort = EFFORTS[format];
  const quality = qualityFor(format, QUALITY + offset, effort);
  const image = sharp(data, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });
  const encoded = await (format === "jpg"
    ? image.jpeg({ ...optionsFor("jpg", effort), quality })
    : format === "webp"
      ? image.webp({ ...optionsFor("webp", effort), quality, effort })
      : image.avif({ ...optionsFor("avif", effort), quality, effort })
  ).toBuffer();
  const { data: decoded, info } = await toSrgb(sharp(encoded)).raw().toBuffer({ resolveWithObject: true });
  return ssimulacra2(pixels, { data: decoded, ...info });
}
