import type { Chromaticities, Cicp, ColourTag, Xy } from "../../../formats/colour/colour-tag.ts";
import { isPossible } from "./chromaticities.ts";

/** What the numbers of a picture mean. */
export interface ColourSpace {
  readonly chromaticities: Chromaticities;
  readonly transfer: Transfer;
}

/** From numbers to light: a curve, or one of the two of HDR (ITU-R BT.2100) with the brightest pixel in cd/m². */
export type Transfer = Curve | Samples | Hdr;
export interface Hdr {
  readonly kind: "pq" | "hlg";
  readonly peak: number;
  /** The numbers of black and white; 0 and 1 if it does not say. */
  readonly range?: readonly [black: number, white: number];
}

/** The light of numbers at equal steps from 0 to 1: two values at least. */
export interface Samples {
  readonly kind: "samples";
  readonly values: readonly number[];
}

/** (a·x + b)^g + e from d on, c·x + f below: the parametric curve of type 4 (ICC.1:2022, §10.18). */
export interface Curve {
  readonly kind: "curve";
  readonly g: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export function isHdr(transfer: Transfer): transfer is Hdr {
  return transfer.kind === "pq" || transfer.kind === "hlg";
}

/** An embedded ICC profile: there is none that can be read; it is for the pixels of the file; or for others, such as one of CMYK for RGB. */
export type Profile = "none" | "fitting" | "foreign";

/** What decides: sRGB, which needs no conversion; the embedded profile; or a space that the file names in another way. */
export type Meaning = "srgb" | "profile" | ColourSpace;

/**
 * The precedence of colour tags, as in Chromium 156: in a PNG cICP, iCCP, sRGB, cHRM with gAMA, gAMA; in an AVIF the profile, nclx,
 * the stream. A tag that means nothing is passed over, but for a foreign profile of a PNG: then the next tags do not count either. Of
 * all other types only the profile counts.
 */
export function meaningOf(type: string, tag: ColourTag, profile: Profile): Meaning {
  if (type === "image/png") return meaningOfPng(tag, profile);
  if (profile === "fitting") return "profile";
  if (type !== "image/avif") return "srgb";
  const space = tag.cicp && isDefined(tag.cicp) ? spaceOf(tag.cicp, tag, AVIF_DEFAULTS) : undefined;
  if (tag.grey === "limited") return expanded(space ?? SRGB);
  return space === undefined || isSrgb(space) ? "srgb" : space;
}

/**
 * The space that a profile names; undefined if it names none that is known. As in Chromium, television's curve is sRGB's here, but
 * that of BT.2020 is another.
 */
export function namedSpaceOf(cicp: Cicp | undefined, tag: ColourTag): ColourSpace | undefined {
  return cicp && spaceOf(cicp, tag, { television: cicp.transfer < 14 ? SRGB_CURVE : BT1886_CURVE });
}

function meaningOfPng(tag: ColourTag, profile: Profile): Meaning {
  const space = tag.cicp && spaceOf(tag.cicp, tag);
  if (space !== undefined) return isSrgb(space) ? "srgb" : space;
  if (profile === "fitting") return "profile";
  if (profile === "foreign" || tag.srgb || !tag.gamma) return "srgb";
  const transfer = power(1 / tag.gamma);
  if (tag.chromaticities !== undefined)
    return isPossible(tag.chromaticities) ? { chromaticities: tag.chromaticities, transfer } : "srgb";
  return isNearSrgb(tag.gamma) ? "srgb" : { chromaticities: BT709, transfer };
}

/** libpng's threshold, below which a difference of gamma cannot be seen. */
function isNearSrgb(gamma: number): boolean {
  return Math.abs(gamma * 2.2 - 1) < 0.05;
}

function isSrgb({ chromaticities, transfer }: ColourSpace): boolean {
  return chromaticities === BT709 && transfer === SRGB_CURVE;
}

// --- code points (ITU-T H.273, tables 2 and 3) ---

/** What stands for a code point that is unspecified or unknown; undefined: the tag means nothing then. */
interface Defaults {
  readonly primaries?: Chromaticities;
  readonly transfer?: Curve;
  /** The curve for television's code points. */
  readonly television: Curve;
}

function spaceOf(
  { primaries, transfer }: Cicp,
  tag: ColourTag,
  defaults: Defaults = { television: BT1886_CURVE },
): ColourSpace | undefined {
  const chromaticities = CHROMATICITIES[primaries] ?? defaults.primaries;
  const curve = TELEVISION.has(transfer)
    ? defaults.television
    : (hdr(transfer, tag) ?? CURVES[transfer] ?? defaults.transfer);
  return chromaticities && curve && { chromaticities, transfer: curve };
}

/** The default of both is 1,000 cd/m². */
function hdr(transfer: number, { contentPeak, displayPeak }: ColourTag): Transfer | undefined {
  const kind = transfer === 16 ? "pq" : transfer === 18 ? "hlg" : undefined;
  return kind && { kind, peak: contentPeak || displayPeak || 1_000 };
}

const D65: Xy = [0.3127, 0.329];
const ILLUMINANT_C: Xy = [0.31, 0.316];

function withWhite(white: Xy, red: Xy, green: Xy, blue: Xy): Chromaticities {
  return { white, red, green, blue };
}

export const BT709 = withWhite(D65, [0.64, 0.33], [0.3, 0.6], [0.15, 0.06]);
export const BT2020 = withWhite(D65, [0.708, 0.292], [0.17, 0.797], [0.131, 0.046]);
export const P3 = withWhite(D65, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]);
const BT601 = withWhite(D65, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]);

const CHROMATICITIES: Readonly<Record<number, Chromaticities>> = {
  1: BT709,
  4: withWhite(ILLUMINANT_C, [0.67, 0.33], [0.21, 0.71], [0.14, 0.08]),
  5: withWhite(D65, [0.64, 0.33], [0.29, 0.6], [0.15, 0.06]),
  6: BT601,
  7: BT601,
  8: withWhite(ILLUMINANT_C, [0.681, 0.319], [0.243, 0.692], [0.145, 0.049]),
  9: BT2020,
  10: withWhite([1 / 3, 1 / 3], [1, 0], [0, 1], [0, 0]),
  11: withWhite([0.314, 0.351], [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]),
  12: P3,
  22: withWhite(D65, [0.63, 0.34], [0.295, 0.605], [0.155, 0.077]),
};

function power(g: number): Curve {
  return { kind: "curve", g, a: 1, b: 0, c: 0, d: 0, e: 0, f: 0 };
}

/** The inverse of α·x^β − (α − 1), which is linear near black. */
function rounded(exponent: number, alpha: number, slope: number, from: number): Curve {
  const b = (alpha - 1) / alpha;
  return { kind: "curve", g: exponent, a: 1 / alpha, b, c: 1 / slope, d: from, e: 0, f: 0 };
}

export const SRGB_CURVE = rounded(2.4, 1.055, 12.92, 0.04045);
/** What a television shows (ITU-R BT.1886), and Chromium for a PNG; the curve of a camera (BT.709) is another. */
const BT1886_CURVE = power(2.4);
const SRGB: ColourSpace = { chromaticities: BT709, transfer: SRGB_CURVE };

const CURVES: Readonly<Record<number, Curve>> = {
  4: power(2.2),
  5: power(2.8),
  7: rounded(1 / 0.45, 1.1115, 4, 0.0912),
  8: power(1),
  13: SRGB_CURVE,
  17: { ...power(2.6), a: (52.37 / 48) ** (1 / 2.6) },
};

/** BT.709, BT.601, xvYCC and BT.2020: one curve. */
const TELEVISION: ReadonlySet<number> = new Set([1, 6, 11, 14, 15]);

/** Neither code point is one of those that H.273 reserves: with one, an AVIF is sRGB. */
function isDefined({ primaries, transfer }: Cicp): boolean {
  return primaries !== 0 && transfer !== 0 && transfer !== 3;
}

/** Chromium shows an AVIF with television's curve as sRGB, as it does a video. */
const AVIF_DEFAULTS: Defaults = { primaries: BT709, transfer: SRGB_CURVE, television: SRGB_CURVE };

// --- range ---

/** Of numbers in limited range. */
export const [BLACK, WHITE] = [16 / 255, 235 / 255];

/** The same space for numbers whose black is 16 and whose white is 235. */
export function expanded({ chromaticities, transfer }: ColourSpace): ColourSpace {
  if (transfer.kind === "samples") return { chromaticities, transfer: stretched(transfer) };
  if (transfer.kind !== "curve") return { chromaticities, transfer: { ...transfer, range: [BLACK, WHITE] } };
  const { g, a, b, c, d, e, f } = transfer;
  const span = WHITE - BLACK;
  const shift = BLACK / span;
  const inside = { a: a / span, b: b - a * shift, c: c / span, f: f - c * shift };
  return { chromaticities, transfer: { kind: "curve", g, ...inside, d: BLACK + d * span, e } };
}

function stretched({ values }: Samples): Samples {
  const last = values.length - 1;
  const at = (number: number): number => {
    const place = Math.min(last, Math.max(0, (last * (number - BLACK)) / (WHITE - BLACK)));
    const [below, above] = [values[Math.floor(place)] ?? 0, values[Math.ceil(place)] ?? 0];
    return below + (above - below) * (place % 1);
  };
  return { kind: "samples", values: Array.from({ length: 4_096 }, (_, step) => at(step / 4_095)) };
}
