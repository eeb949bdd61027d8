import type { ByteReader } from "../byte-reader.ts";
import type { Cicp } from "./colour-tag.ts";

const MOST_TAGS = 100;
const TAG_BYTES = 12;

/**
 * The code points that an ICC profile names (cicpType, ICC.1:2022, §10.3); undefined if it names none, or not those of RGB in full
 * range.
 * @param start where the profile starts.
 */
export function cicpInProfile(bytes: ByteReader, start: number): Cicp | undefined {
  const tags = start + 132;
  if (tags > bytes.length) return undefined;
  const count = Math.min(MOST_TAGS, bytes.uint32(tags - 4));
  const tag = bytes.find("cicp", tags, tags + count * TAG_BYTES);
  if (tag < 0 || (tag - tags) % TAG_BYTES !== 0 || tag + TAG_BYTES > bytes.length) return undefined;
  const at = start + bytes.uint32(tag + 4);
  if (at + 12 > bytes.length || !bytes.startsWith("cicp", at) || bytes.uint16(at + 10) !== 1)
    return undefined;
  return { primaries: bytes.uint8(at + 8), transfer: bytes.uint8(at + 9) };
}
