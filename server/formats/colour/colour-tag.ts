import { ByteReader, Steps } from "../byte-reader.ts";
import { readAvifColour } from "./avif-colour.ts";
import { readPngColour } from "./png-colour.ts";

/** What a file says about the meaning of its numbers, beside an ICC profile, which the decoder reads. */
export interface ColourTag {
  /** Code points: cICP of a PNG, nclx or sequence header of an AVIF. */
  readonly cicp?: Cicp | undefined;
  /** An sRGB chunk. */
  readonly srgb?: boolean;
  /** A gAMA chunk: the exponent that encodes, such as 0.45455. */
  readonly gamma?: number;
  /** A cHRM chunk. */
  readonly chromaticities?: Chromaticities;
  /** The brightest pixel of an HDR picture (CTA-861.3), in cd/m². */
  readonly contentPeak?: number;
  /** The brightest white of the display on which it was made (SMPTE ST 2086), in cd/m². */
  readonly displayPeak?: number;
  /** Of an AVIF without colour: the range of its numbers. The black of "limited" is 16 and its white 235: libheif does not expand it. */
  readonly grey?: "full" | "limited";
  /** The colours of an AVIF are multiplied by its alpha channel: libvips does not divide them. */
  readonly premultiplied?: boolean;
}

/** Code points of ITU-T H.273, tables 2 and 3. */
export interface Cicp {
  readonly primaries: number;
  readonly transfer: number;
}

/** Where white and the primaries lie in CIE 1931 x and y, in the order of a cHRM chunk. */
export interface Chromaticities {
  readonly white: Xy;
  readonly red: Xy;
  readonly green: Xy;
  readonly blue: Xy;
}

export type Xy = readonly [x: number, y: number];

/** Some thousand chunks or boxes. */
const MOST_STEPS = 262_144;

/**
 * The colour tags of a PNG or AVIF; none for other types, whose only tag is a profile. Never throws.
 * @param bytes all of it.
 * @param steps counts the cost.
 */
export function readColourTag(type: string, bytes: Uint8Array, steps = new Steps(MOST_STEPS)): ColourTag {
  try {
    return readers[type]?.(new ByteReader(bytes, steps)) ?? {};
  } catch {
    // It ends early, or was built to cost too much.
    return {};
  }
}

const readers: Readonly<Record<string, (bytes: ByteReader) => ColourTag>> = {
  "image/png": readPngColour,
  "image/avif": readAvifColour,
};
