import type { Metadata } from "sharp";
import { readColourTag } from "../../../formats/colour/colour-tag.ts";
import { type ColourSpace, meaningOf } from "./colour-space.ts";
import { iccProfile } from "./icc-profile.ts";
import { withProfile } from "./retag.ts";

/** How the decoder must read an original, so that its pixels become sRGB. */
export interface Colours {
  /** Its profile does not count. */
  readonly ignoreIcc: boolean;
  /** The space in which a profile of deep pixels works; undefined: their own. */
  readonly space: "srgb" | "b-w" | undefined;
}

export interface Coloured {
  readonly bytes: Uint8Array;
  readonly colours: Colours;
  /** The colours are multiplied by the alpha channel. */
  readonly premultiplied: boolean;
}

/**
 * An original with a profile for what its other colour tags mean: libvips knows only profiles.
 * @param bytes changed in place.
 */
export function withColours(type: string, bytes: Uint8Array, header: Metadata): Coloured {
  const tag = readColourTag(type, bytes);
  const hasProfile = header.icc !== undefined && isWhole(header.icc);
  const meaning = meaningOf(type, tag, hasProfile);
  const colours = {
    ignoreIcc: meaning === "srgb",
    space: meaning === "profile" ? spaceFor(header) : undefined,
  };
  const read = { bytes, colours, premultiplied: tag.premultiplied === true };
  return meaning === "srgb" || meaning === "profile"
    ? read
    : { ...read, ...made(type, bytes, header, meaning) };
}

/** Deep colour keeps its bits until it is converted: linear light and HDR would lose their shadows in 8. */
function made(
  type: string,
  bytes: Uint8Array,
  header: Metadata,
  space: ColourSpace,
): Pick<Coloured, "bytes" | "colours"> {
  const isGrey = header.space === "b-w" || header.space === "grey16";
  const pixels = isGrey ? "grey" : header.space === "rgb16" ? "deep colour" : "colour";
  return {
    bytes: withProfile(type, bytes, iccProfile(space, pixels)),
    colours: { ignoreIcc: false, space: isGrey ? spaceFor(header) : undefined },
  };
}

/** As in browsers, one that is shorter than it says does not count (ICC.1:2022, §7.2.2 and §7.2.9). */
function isWhole(profile: Buffer): boolean {
  return (
    profile.length >= 132 &&
    profile.readUInt32BE(0) <= profile.length &&
    profile.toString("latin1", 36, 40) === "acsp"
  );
}

/**
 * sharp converts 16-bit colours from their profile to P3 and does not mark them, and does not convert 16-bit grey; libvips converts
 * them right when they have 8 bits. It must not be used for others: CMYK would lose its black point, and grey its profile.
 */
function spaceFor({ space }: Metadata): Colours["space"] {
  if (space === "rgb16") return "srgb";
  return space === "grey16" ? "b-w" : undefined;
}
