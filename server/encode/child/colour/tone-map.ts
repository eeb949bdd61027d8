import { inverse, multiply, times, toXyz, type Vector } from "./chromaticities.ts";
import { BT709, BT2020, type ColourSpace, type Hdr } from "./colour-space.ts";

/** The white of a printed page, in cd/m² (ITU-R BT.2408). */
const REFERENCE_WHITE = 203;
/** The display for which an HLG picture is rendered, in cd/m² (ITU-R BT.2100, note 5f). */
const HLG_PEAK = 1_000;

/**
 * From the numbers of an HDR picture to those of sRGB, all from 0 to 1, as Chromium 156 shows it on an SDR screen (measured: mean
 * difference 0.2 levels): the brightest of the three components, in the primaries of BT.2020, is mapped to the screen's range.
 */
export function toneMapper({ chromaticities }: ColourSpace, transfer: Hdr): (numbers: Vector) => Vector {
  const toWide = multiply(inverse(toXyz(BT2020)), toXyz(chromaticities));
  const toScreen = multiply(inverse(toXyz(BT709)), toXyz(BT2020));
  const [black, white] = transfer.range ?? [0, 1];
  return (numbers) => {
    const full = each(numbers, (number) => Math.min(1, Math.max(0, (number - black) / (white - black))));
    const wide = times(toWide, toLight(full, transfer));
    const brightest = Math.max(...wide);
    const gain = brightest > 0 ? mapped(brightest, transfer.peak) / brightest : 1;
    return each(times(toScreen, wide), (light) => encodeSrgb(light * gain));
  };
}

/** Linear light, where 1 is the reference white (ITU-R BT.2100, tables 4 and 5). */
function toLight(numbers: Vector, { kind }: Hdr): Vector {
  if (kind === "pq") return each(numbers, pqLight);
  const scene = each(numbers, hlgLight);
  const luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2];
  const gain = (luminance ** 0.2 * HLG_PEAK) / REFERENCE_WHITE;
  return each(scene, (light) => light * gain);
}

function pqLight(number: number): number {
  const power = number ** (32 / 2_523);
  const [c1, c2, c3] = [107 / 128, 2_413 / 128, 2_392 / 128];
  return ((Math.max(power - c1, 0) / (c2 - c3 * power)) ** (8_192 / 1_305) * 10_000) / REFERENCE_WHITE;
}

function hlgLight(number: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return number <= 0.5 ? number ** 2 / 3 : (Math.exp((number - c) / a) + b) / 12;
}

/**
 * The reference white tone mapping of SMPTE ST 2094-50, annex C: light up to the reference white is scaled, and the rest follows a
 * curve up to the peak.
 */
function mapped(light: number, peakLight: number): number {
  const peak = peakLight / REFERENCE_WHITE;
  if (peak <= 1) return light;
  const white = 1 - 0.5 * Math.min(1, Math.log2(peak) / Math.log2(1_000 / REFERENCE_WHITE));
  if (light <= 1) return light * white;
  if (light >= peak) return 1;
  const [middleX, middleY] = [1 - KAPPA + KAPPA / white, (1 - KAPPA) * white + KAPPA];
  const [ax, bx] = [1 - 2 * middleX + peak, 2 * middleX - 2];
  const [ay, by] = [white - 2 * middleY + 1, 2 * middleY - 2 * white];
  const along = (Math.sqrt(bx * bx + 4 * ax * (light - 1)) - bx) / (2 * ax);
  return (ay * along + by) * along + white;
}

const KAPPA = 0.65;

function encodeSrgb(light: number): number {
  if (light <= 0) return 0;
  return Math.min(1, light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
}

function each([x, y, z]: Vector, map: (value: number) => number): Vector {
  return [map(x), map(y), map(z)];
}
