import type { ByteReader } from "../../formats/byte-reader.ts";
import { cicpInProfile } from "../../formats/colour/profile-cicp.ts";
import { hdrSpaceOf } from "../child/colour/colour-space.ts";

/** Whether a profile that starts here names an HDR space. That of a PNG is compressed: it has cICP for that. */
export function namesHdr(bytes: ByteReader, start: number): boolean {
  return hdrSpaceOf(cicpInProfile(bytes, start), {}) !== undefined;
}
