import sharp from "sharp";
import { TUNED_WIDTH } from "../../../../contract/page/tuned.ts";
import {
  type CurvePoint,
  type Curves,
  MAX_SCORE,
  type Offsets,
  type TunedFormat,
  tunedFormats,
} from "../../../../contract/tuning.ts";
import { MAX_QUALITY } from "../../../../contract/url/request.ts";
import type { Description, Tuning } from "../../encoder.ts";
import type { SourceLimits } from "../../limits.ts";
import { bracketOf, untuned } from "../../tuning.ts";
import { optionsFor } from "../encoder-settings.ts";
import { decode, makeOrMend, type Original } from "../original/original.ts";
import { qualityFor } from "../quality.ts";
import { toSrgb } from "../resize.ts";
import type { Pixels } from "./rows.ts";
import { LEAST_SIDE, ssimulacra2 } from "./ssimulacra2.ts";

/** The size at which a photograph is tuned: its score at 400 and at 800 px correlate by 0.91. */
export const TUNE_SIDES = { width: TUNED_WIDTH, height: 2 * TUNED_WIDTH } as const;

/** In the middle of the ladders' qualities. */
const QUALITY = 60;

/** More would mean that the score is misled: such a picture keeps the table's look as far as possible. */
const MOST_OFFSET = 12;

/** The score's mean change for one step of `q`. */
const SLOPE = 0.55;

/** Probes of one format for its offset: each costs an encode, a decode and a score. */
const MOST_PROBES = 4;

/** Nearer than this a step of `q` cannot come. */
const CLOSE = 0.4;

/** From this many pictures on, the search for a floor halves what is left: then the curve is not as straight as most are. */
const MANY_PROBES = 8;

/**
 * Measures a photograph by SSIMULACRA 2.1 at 400 px. The table of quality.ts is right on average only: AVIFs of single
 * photographs are 12 points worse.
 * @returns for `look`, what is added to `q` for each format, so that it looks as its JPEG does; for `floor`, curves that show the
 * lowest `q` that reaches the score. Both are empty for what is no photograph: an animation, or a picture of a few pixels.
 */
export async function tuneOriginal(
  original: Original,
  limits: SourceLimits,
  asked: Tuning,
): Promise<Pick<Description, "offsets" | "curves">> {
  if (original.frames > 1 || original.passedOn !== undefined) return untuned(asked);
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
  if (Math.min(pixels.width, pixels.height) < LEAST_SIDE) return untuned(asked);
  const measured = new Measured(pixels, asked.known ?? {});
  const offsets = asked.look ? await findOffsets(measured) : undefined;
  if (asked.floor !== undefined)
    for (const format of tunedFormats) await findFloor(measured, format, asked.floor);
  return { ...(offsets !== undefined && { offsets }), curves: measured.curves() };
}

// --- look ---

async function findOffsets(measured: Measured): Promise<Offsets> {
  const jpeg = await measured.score("jpg", QUALITY);
  return {
    avif: await findOffset(measured, "avif", jpeg),
    webp: await findOffset(measured, "webp", jpeg),
  };
}

/** Secants: a format's score rises almost linearly with its quality. */
async function findOffset(measured: Measured, format: "avif" | "webp", wanted: number): Promise<number> {
  const probes = new Map<number, number>();
  let offset = 0;
  let slope = SLOPE;
  while (probes.size < MOST_PROBES && !probes.has(offset)) {
    const error = (await measured.score(format, QUALITY + offset)) - wanted;
    for (const [other, before] of probes) {
      const rise = (error - before) / (offset - other);
      if (rise > SLOPE / 4) slope = rise;
    }
    probes.set(offset, error);
    if (Math.abs(error) < CLOSE) return offset;
    offset = Math.max(-MOST_OFFSET, Math.min(MOST_OFFSET, Math.round(offset - error / slope)));
  }
  const [best] = [...probes].sort(([, a], [, b]) => Math.abs(a) - Math.abs(b));
  return best?.[0] ?? 0;
}

// --- floor ---

/** Until the curve shows two neighbours of which only one reaches the score. */
async function findFloor(measured: Measured, format: TunedFormat, floor: number): Promise<void> {
  for (let probes = 0; ; probes++) {
    const points = measured.points(format);
    const { low, high } = bracketOf(points, floor);
    if (high - low <= 1) return;
    const middle = Math.floor((low + high) / 2);
    const guess = probes < MANY_PROBES ? guessAt(points, { low, high }, floor) : middle;
    await measured.score(format, Math.max(low + 1, Math.min(high - 1, guess)));
  }
}

/** On the line between the two, or from the one of them that is known. */
function guessAt(
  points: readonly CurvePoint[],
  { low, high }: { readonly low: number; readonly high: number },
  floor: number,
): number {
  const below = points.find(({ q }) => q === low);
  const above = points.find(({ q }) => q === high);
  if (below !== undefined && above !== undefined)
    return Math.round(low + ((high - low) * (floor - below.score)) / (above.score - below.score));
  if (below !== undefined) return low + Math.max(1, Math.round((floor - below.score) / SLOPE));
  if (above !== undefined) return high - Math.max(1, Math.round((above.score - floor) / SLOPE));
  return typicalQuality(floor);
}

/** What an average photograph needs at 400 px. */
function typicalQuality(score: number): number {
  const next = Math.max(
    1,
    typical.findIndex((row) => row.score >= score),
  );
  const [low, high] = [typical[next - 1] ?? typical[0], typical[next] ?? typical[0]];
  return Math.round(low.q + ((high.q - low.q) * (score - low.score)) / (high.score - low.score));
}

/** Mean scores of the JPEGs of 37 photographs. */
const typical = [
  { q: 1, score: 0 },
  { q: 20, score: 29 },
  { q: 30, score: 45 },
  { q: 50, score: 61 },
  { q: 70, score: 70 },
  { q: 90, score: 82 },
  { q: MAX_QUALITY, score: MAX_SCORE },
] as const;

// --- measuring ---

const EFFORTS = { jpg: 1, webp: 6, avif: 3 } as const satisfies Record<TunedFormat, number>;

/** The curves of one photograph, as far as they are known. */
class Measured {
  readonly #pixels: Pixels;
  readonly #points: Record<TunedFormat, Map<number, CurvePoint>>;

  constructor(pixels: Pixels, known: Curves) {
    this.#pixels = pixels;
    const of = (format: TunedFormat) => new Map(known[format]?.map((point) => [point.q, point]));
    this.#points = { avif: of("avif"), webp: of("webp"), jpg: of("jpg") };
  }

  async score(format: TunedFormat, q: number): Promise<number> {
    const point = this.#points[format].get(q) ?? (await measure(this.#pixels, format, q));
    this.#points[format].set(q, point);
    return point.score;
  }

  /** By rising quality. */
  points(format: TunedFormat): CurvePoint[] {
    return [...this.#points[format].values()].sort((a, b) => a.q - b.q);
  }

  curves(): Curves {
    return Object.fromEntries(
      tunedFormats.flatMap((format) => {
        const points = this.points(format);
        return points.length === 0 ? [] : [[format, points]];
      }),
    );
  }
}

/** With the settings of the warm lane. */
async function measure(pixels: Pixels, format: TunedFormat, q: number): Promise<CurvePoint> {
  const { data, width, height, channels } = pixels;
  const effort = EFFORTS[format];
  const quality = qualityFor(format, q, effort);
  const image = sharp(data, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });
  const encoded = await (format === "jpg"
    ? image.jpeg({ ...optionsFor("jpg", effort), quality })
    : format === "webp"
      ? image.webp({ ...optionsFor("webp", effort), quality, effort })
      : image.avif({ ...optionsFor("avif", effort), quality, effort })
  ).toBuffer();
  const { data: decoded, info } = await toSrgb(sharp(encoded)).raw().toBuffer({ resolveWithObject: true });
  const score = ssimulacra2(pixels, { data: decoded, ...info });
  return { q, score: Math.round(score * 100) / 100, bytes: encoded.byteLength };
}
