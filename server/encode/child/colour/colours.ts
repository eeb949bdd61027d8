import type { Metadata } from "sharp";
import { readColourTag } from "../../../formats/colour/colour-tag.ts";
import { meaningOf } from "./colour-space.ts";
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
  const isProfiled = meaning !== "srgb" && meaning !== "profile";
  return {
    bytes: isProfiled ? withProfile(type, bytes, iccProfile(meaning, isGrey(header))) : bytes,
    colours: { ignoreIcc: meaning === "srgb", space: meaning === "srgb" ? undefined : spaceFor(header) },
    premultiplied: tag.premultiplied === true,
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

function isGrey({ space }: Metadata): boolean {
  return space === "b-w" || space === "grey16";
}
