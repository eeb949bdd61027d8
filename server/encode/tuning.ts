import {
  type CurvePoint,
  type Curves,
  type Floors,
  type Offsets,
  tunedFormats,
} from "../../contract/tuning.ts";
import { MAX_QUALITY } from "../../contract/url/request.ts";
import type { Description, Tuning } from "./encoder.ts";

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
    const offset = format === "jpg" ? 0 : (offsets[format] ?? 0);
    found[format] = Math.min(MAX_QUALITY, Math.max(1, high - offset));
  }
  return found;
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
