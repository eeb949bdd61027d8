import type { Metadata } from "sharp";
import { ByteReader, Steps } from "../../../formats/byte-reader.ts";
import { type ColourTag, readColourTag } from "../../../formats/colour/colour-tag.ts";
import { cicpInProfile } from "../../../formats/colour/profile-cicp.ts";
import {
  BLACK,
  BT709,
  type ColourSpace,
  expanded,
  meaningOf,
  namedSpaceOf,
  type Profile,
} from "./colour-space.ts";
import { iccProfile } from "./icc-profile.ts";
import { greysOf } from "./profile-greys.ts";
import { isWhole, numbersOf } from "./profile-tags.ts";
import { withProfile } from "./retag.ts";
import { storedProfile } from "./stored-profile.ts";

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
  /** The colours are multiplied by the alpha channel, from this number on: black, from 0 to 1. */
  readonly multipliedFrom: number | undefined;
}

/**
 * An original with a profile for what its other colour tags mean: libvips knows only profiles.
 * @param bytes changed in place.
 */
export async function withColours(type: string, bytes: Uint8Array, header: Metadata): Promise<Coloured> {
  const tag = readColourTag(type, bytes);
  const profile = storedProfile(type, bytes, header.icc);
  const kind = kindOf(profile, header.space, tag.grey !== undefined || isGrey(header.space));
  const meaning = meaningOf(type, tag, kind);
  const colours = {
    ignoreIcc: meaning === "srgb",
    space: meaning === "profile" ? spaceFor(header) : undefined,
  };
  const multipliedFrom = tag.premultiplied ? (tag.grey === "limited" ? BLACK : 0) : undefined;
  const read = { bytes, colours, multipliedFrom };
  if (meaning === "srgb") return read;
  if (meaning !== "profile") return { ...read, ...made(type, bytes, header, meaning) };
  if (profile === undefined) return read;
  const space = spaceNamedIn(profile, tag) ?? (await spaceOfGrey(tag.grey, profile, header));
  if (space !== undefined) return { ...read, ...made(type, bytes, header, space) };
  return isDecoded(profile, header.icc) ? read : { ...read, bytes: withProfile(type, bytes, profile) };
}

/** What the signature of a profile's numbers says (ICC.1:2022, §7.2.6). Greys are colours with three equal numbers. */
function kindOf(profile: Buffer | undefined, space: Metadata["space"], grey: boolean): Profile {
  if (profile === undefined || !isWhole(profile)) return "none";
  const numbers = numbersOf(profile);
  if (space === "cmyk") return numbers === "CMYK" ? "fitting" : "foreign";
  if (numbers === "RGB ") return "fitting";
  return numbers === "GRAY" && grey ? "fitting" : "foreign";
}

/** Whether the decoder has found this profile. */
function isDecoded(profile: Buffer, decoded: Buffer | undefined): boolean {
  const bytes = profile.readUInt32BE(0);
  return decoded?.subarray(0, bytes).equals(profile.subarray(0, bytes)) === true;
}

/** More than it takes. */
const MOST_STEPS = 10_000;

/** As in browsers, a profile that names its space means that, and not its curves. Ink has no such names. */
function spaceNamedIn(profile: Buffer, tag: ColourTag): ColourSpace | undefined {
  if (numbersOf(profile) === "CMYK") return undefined;
  const space = namedSpaceOf(cicpInProfile(new ByteReader(profile, new Steps(MOST_STEPS)), 0), tag);
  return space && tag.grey === "limited" ? expanded(space) : space;
}

/**
 * Of greys with a profile. The decoder passes on those of an AVIF as they are stored, from 16 to 235 in limited range, and in three
 * channels, for which a profile of grey does not count; those of other types in one, for which a profile of colours does not count.
 */
async function spaceOfGrey(
  range: "full" | "limited" | undefined,
  profile: Buffer,
  { space }: Metadata,
): Promise<ColourSpace | undefined> {
  if (range === undefined && !isGrey(space)) return undefined;
  const counts = (numbersOf(profile) === "GRAY") === isGrey(space);
  if (counts && range !== "limited") return undefined;
  const transfer = await greysOf(profile);
  if (transfer === undefined) return undefined;
  const greys = { chromaticities: BT709, transfer };
  return range === "limited" ? expanded(greys) : greys;
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

/**
 * sharp converts 16-bit colours from their profile to P3 and does not mark them, and does not convert 16-bit grey; libvips converts
 * them right when they have 8 bits. It must not be used for others: CMYK would lose its black point, and grey its profile.
 */
function spaceFor({ space }: Metadata): Colours["space"] {
  if (space === "rgb16") return "srgb";
  return space === "grey16" ? "b-w" : undefined;
}
