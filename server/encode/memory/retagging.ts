import type { ByteReader } from "../../formats/byte-reader.ts";
import { cicpInProfile } from "../../formats/colour/profile-cicp.ts";
import { type ColourSpace, isHdr, namedSpaceOf } from "../child/colour/colour-space.ts";

/** What a file gets for its colours, for which it may be copied: nothing, a profile, or one with a table, for HDR. */
export type Retagging = "no" | "profile" | "table";

export function retaggingFor(space: ColourSpace | undefined): Retagging {
  if (space === undefined) return "no";
  return isHdr(space.transfer) ? "table" : "profile";
}

/** For a stored profile that starts here, which may name a space. That of a PNG is compressed. */
export function retaggingOfProfile(bytes: ByteReader, start: number): Retagging {
  return retaggingFor(namedSpaceOf(cicpInProfile(bytes, start), {}));
}

/** What costs most. */
export function mostOf(all: readonly Retagging[]): Retagging {
  if (all.includes("table")) return "table";
  return all.includes("profile") ? "profile" : "no";
}
