import { TUNED_WIDTH } from "../../contract/page/tuned.ts";
import {
  type CurvePoint,
  type Curves,
  type Floors,
  type Offset,
  type Offsets,
  tunedFormats,
} from "../../contract/tuning.ts";
import { MAX_QUALITY } from "../../contract/url/request.ts";
import type { Description, Tuning } from "./encoder.ts";
import { onLine } from "./line.ts";

/** The part of a description or a source entry that says how a photograph is tuned. */
export interface Tuned {
  readonly offsets?: Offsets;
  readonly curves?: Curves;
}

/** Of an original that cannot be tuned: an animation, an SVG, one of a few pixels. */
export function untuned(asked: Tuning | undefined): Pick<Description, "offsets" | "curves"> {
  return asked === undefined ? {} : { ...(asked.look && { offsets: {} }), curves: {} };
}

/**
 * The lowest `q` of each format that reaches a score, with the photograph's offsets; empty if it cannot be tuned.
 * @returns undefined if its curves do not show all of them.
 */
export function floorsOf({ curves, offsets = {} }: Tuned, floor: number): Floors | undefined {
  if (curves === undefined) return undefined;
  if (Object.keys(curves).length === 0) return {};
  const found: { -readonly [Name in keyof Floors]: Floors[Name] } = {};
  for (const format of tunedFormats) {
    const { low, high } = bracketOf(curves[format] ?? [], floor);
    if (high - low > 1) return undefined;
    found[format] = format === "jpg" ? high : untunedQuality(offsets[format], high);
  }
  return found;
}

/** All points of two measurements of a photograph. */
export function mergeCurves(one: Curves | undefined, other: Curves | undefined): Curves | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const merged: { -readonly [Name in keyof Curves]: Curves[Name] } = {};
  for (const format of tunedFormats) {
    const points = [...(one[format] ?? []), ...(other[format] ?? [])].map(
      (point) => [point.q, point] as const,
    );
    if (points.length > 0) merged[format] = [...new Map(points).values()].sort((a, b) => a.q - b.q);
  }
  return merged;
}

/** The lowest `q` that becomes at least a quality with what the tuning adds to it at the width that is measured. */
function untunedQuality(offsets: readonly Offset[] | undefined, quality: number): number {
  let q = 1;
  while (q < MAX_QUALITY && q + (offsetAt(offsets, { q, width: TUNED_WIDTH }) ?? 0) < quality) q++;
  return q;
}

/**
 * What is added to a `q` at a width: linear in `q` and in the logarithm of the width between the points that were measured. Beyond them
 * it is that of the nearest.
 * @returns a whole number; undefined without points.
 */
export function offsetAt(
  offsets: readonly Offset[] | undefined,
  { q, width }: { readonly q: number; readonly width: number },
): number | undefined {
  const widths = [...new Set(offsets?.map(({ w }) => w))];
  const line = widths.map((w) => {
    const points = (offsets ?? []).filter((one) => one.w === w).map((one) => [one.q, one.offset] as const);
    return [Math.log(w), onLine(points, q)] as const;
  });
  return line.length === 0 ? undefined : Math.round(onLine(line, Math.log(width)));
}

/**
 * The lowest quality that is known to reach a score, and the next lower one that is known not to. They are neighbours when the
 * answer is known; if even the highest quality does not reach it, that is the answer.
 */
export function bracketOf(points: readonly CurvePoint[], floor: number): { low: number; high: number } {
  const reaching = points.filter(({ score }) => score >= floor).map(({ q }) => q);
  const high = Math.min(MAX_QUALITY + 1, ...reaching);
  const low = Math.max(0, ...points.map(({ q }) => q).filter((q) => q < high));
  return low === MAX_QUALITY ? { low: MAX_QUALITY - 1, high: MAX_QUALITY } : { low, high };
}
