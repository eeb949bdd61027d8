import { TUNED_WIDTH } from "../../../../contract/page/tuned.ts";
import {
  type CurvePoint,
  type Curves,
  MAX_SCORE,
  type Offset,
  type Offsets,
  type TunedFormat,
  tunedFormats,
} from "../../../../contract/tuning.ts";
import { MAX_QUALITY } from "../../../../contract/url/request.ts";
import type { Description, Tuning } from "../../encoder.ts";
import type { SourceLimits } from "../../limits.ts";
import { onLine } from "../../line.ts";
import { bracketOf, offsetAt, untuned } from "../../tuning.ts";
import { decode, makeOrMend, type Original } from "../original/original.ts";
import { qualityFor } from "../quality.ts";
import { toSrgb } from "../resize.ts";
import { judge } from "./judge.ts";
import type { Pixels } from "./rows.ts";
import { LEAST_SIDE } from "./ssimulacra2.ts";

/**
 * The sizes at which a photograph is tuned: between them its score, and with it the offset, changes with the width's logarithm. With
 * 800 px as the larger size, pictures of 1,600 px are up to 6.7 points off their JPEG (13 photographs); with 1,200 px 4.7, for twice the
 * CPU; with 1,600 px as a third size 3.0, for four times. To continue the line from 400 and 800 px makes WebPs worse (9.1).
 */
const SIDES = [
  { width: TUNED_WIDTH, height: 2 * TUNED_WIDTH },
  { width: 1200, height: 1800 },
] as const;

/** Between them the offset is linear in `q`: at a low `q` one photograph's AVIF can be 20 points better than its JPEG, and 3 worse at 90. */
const QUALITIES = [30, 55, 85] as const;

/** More would mean that the score is misled: such a picture keeps the table's look as far as possible. */
const MOST_OFFSET = 25;

/** Probes of one format for an offset: each costs an encode, a decode and a score. */
const MOST_PROBES = 4;

/** Points of score: a step of `q` is about as much. */
const CLOSE = 0.8;

/** From this many pictures on, the search for a floor halves what is left: then the curve is not as straight as most are. */
const MANY_PROBES = 8;

/**
 * Measures a photograph by SSIMULACRA 2.1. The table of quality.ts is right on average only: AVIFs of single photographs are 12
 * points worse, or 20 better.
 * @returns for `look`, what is added to `q` for each format, so that it looks as its JPEG does; for `floor`, curves that show the
 * lowest `q` that reaches the score at 400 px. Both are empty for what is no photograph: an animation, or a picture of a few pixels.
 */
export async function tuneOriginal(
  original: Original,
  limits: SourceLimits,
  asked: Tuning,
): Promise<Pick<Description, "offsets" | "curves">> {
  if (original.frames > 1 || original.passedOn !== undefined) return untuned(asked);
  const [small, large] = SIDES;
  const pixels = await pixelsOf(original, limits, small);
  if (Math.min(pixels.width, pixels.height) < LEAST_SIDE) return untuned(asked);
  const measured = new Measured(pixels, asked.known ?? {});
  const offsets = asked.look
    ? await findOffsets(measured, async () => new Measured(await pixelsOf(original, limits, large), {}))
    : undefined;
  if (asked.floor !== undefined)
    for (const format of tunedFormats) await findFloor(measured, format, asked.floor);
  return { ...(offsets !== undefined && { offsets }), curves: measured.curves() };
}

function pixelsOf(
  original: Original,
  limits: SourceLimits,
  sides: { readonly width: number; readonly height: number },
): Promise<Pixels> {
  return makeOrMend(original, limits, async (one) => {
    const small = decode(one, limits, false).resize({ ...sides, fit: "inside", withoutEnlargement: true });
    const flat = toSrgb(small).flatten({ background: "#ffffff" });
    const { data, info } = await flat.raw().toBuffer({ resolveWithObject: true });
    return { data, ...info };
  });
}

// --- look ---

async function findOffsets(small: Measured, enlarge: () => Promise<Measured>): Promise<Offsets> {
  const offsets = await offsetsAt(small, {});
  const large = await enlarge();
  if (large.width <= small.width) return offsets;
  const more = await offsetsAt(large, offsets);
  return { avif: [...offsets.avif, ...more.avif], webp: [...offsets.webp, ...more.webp] };
}

type Found = Required<Offsets>;

/** @param near offsets at another size, where the search begins. */
async function offsetsAt(measured: Measured, near: Offsets): Promise<Found> {
  const found: { avif: Offset[]; webp: Offset[] } = { avif: [], webp: [] };
  for (const format of ["avif", "webp"] as const)
    for (const q of QUALITIES) {
      const first = offsetAt(near[format] ?? found[format], { q, width: measured.width }) ?? 0;
      found[format].push({ w: measured.width, q, offset: await findOffset(measured, format, { q, first }) });
    }
  return found;
}

/** Secants: near a quality, a format's score rises almost linearly with it. */
async function findOffset(
  measured: Measured,
  format: "avif" | "webp",
  { q, first }: { readonly q: number; readonly first: number },
): Promise<number> {
  const wanted = await measured.score("jpg", q);
  const probes = new Map<number, number>();
  const [least, most] = [Math.max(-MOST_OFFSET, 1 - q), Math.min(MOST_OFFSET, MAX_QUALITY - q)];
  let offset = Math.max(least, Math.min(most, first));
  let slope = typicalSlope(q);
  while (probes.size < MOST_PROBES && !probes.has(offset)) {
    const error = (await measured.score(format, q + offset)) - wanted;
    for (const [other, before] of probes) {
      const rise = (error - before) / (offset - other);
      if (rise > typicalSlope(q) / 4) slope = rise;
    }
    probes.set(offset, error);
    if (Math.abs(error) < CLOSE) return offset;
    offset = Math.max(least, Math.min(most, Math.round(offset - error / slope)));
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
  if (below !== undefined) return low + Math.max(1, Math.round((floor - below.score) / typicalSlope(low)));
  if (above !== undefined) return high - Math.max(1, Math.round((above.score - floor) / typicalSlope(high)));
  return typicalQuality(floor);
}

/** What an average photograph needs at 400 px. */
function typicalQuality(score: number): number {
  return Math.round(
    onLine(
      typical.map((row) => [row.score, row.q]),
      score,
    ),
  );
}

/** The mean change of the score for one step of `q`. */
function typicalSlope(q: number): number {
  const next = Math.max(
    1,
    typical.findIndex((row) => row.q >= q),
  );
  const [low, high] = [typical[next - 1] ?? typical[0], typical[next] ?? typical[0]];
  return (high.score - low.score) / (high.q - low.q);
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
  readonly width: number;
  readonly #pixels: Pixels;
  readonly #points: Record<TunedFormat, Map<number, CurvePoint>>;

  constructor(pixels: Pixels, known: Curves) {
    this.width = pixels.width;
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
  const effort = EFFORTS[format];
  const quality = qualityFor(format, q, effort, pixels.width * pixels.height);
  const { score, bytes } = await judge(pixels, format, { effort, quality });
  return { q, score: Math.round(score * 100) / 100, bytes };
}
