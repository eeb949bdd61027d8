import type { Metadata } from "sharp";
import { readColourTag } from "../../../formats/colour/colour-tag.ts";
import { BT709, type ColourSpace, expanded, meaningOf } from "./colour-space.ts";
import { iccProfile } from "./icc-profile.ts";
import { greyCurveIn } from "./profile-curve.ts";
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
  const space = (meaning === "profile" && tag.grey && spaceOfGrey(tag.grey, header)) || meaning;
  return space === "srgb" || space === "profile" ? read : { ...read, ...made(type, bytes, header, space) };
}

/**
 * Of a grey AVIF with a profile. The decoder passes on its greys as they are stored, from 16 to 235 in limited range, and in three
 * channels, for which a profile of grey does not count.
 */
function spaceOfGrey(range: "full" | "limited", { icc, space }: Metadata): ColourSpace | undefined {
  const transfer = icc && greyCurveIn(icc);
  if (icc === undefined || transfer === undefined) return undefined;
  const greys = { chromaticities: BT709, transfer };
  if (range === "limited") return expanded(greys);
  return icc.toString("latin1", 16, 20) === "GRAY" && !isGrey(space) ? greys : undefined;
}

function isGrey(space: Metadata["space"]): boolean {
  return space === "b-w" || space === "grey16";
}

/** Deep colour keeps its bits until it is converted: linear light and HDR would lose their shadows in 8. */
function made(
  type: string,
  bytes: Uint8Array,
  header: Metadata,
  space: ColourSpace,
): Pick<Coloured, "bytes" | "colours"> {
  const grey = isGrey(header.space);
  const pixels = grey ? "grey" : header.space === "rgb16" ? "deep colour" : "colour";
  return {
    bytes: withProfile(type, bytes, iccProfile(space, pixels)),
    colours: { ignoreIcc: false, space: grey ? spaceFor(header) : undefined },
  };
}

/** As in browsers, one that is shorter than it or its table of tags says does not count (ICC.1:2022, §7.2.2, §7.2.9 and §7.3). */
function isWhole(profile: Buffer): boolean {
  if (profile.length < 132 || profile.toString("latin1", 36, 40) !== "acsp") return false;
  const [bytes, tags] = [profile.readUInt32BE(0), profile.readUInt32BE(128)];
  if (Math.max(bytes, 132 + 12 * tags) > profile.length) return false;
  return Array.from({ length: tags }, (_, tag) => 132 + 12 * tag).every(
    (at) => profile.readUInt32BE(at + 4) + profile.readUInt32BE(at + 8) <= profile.length,
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
