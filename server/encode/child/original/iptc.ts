import type { ByteReader } from "../../../formats/byte-reader.ts";
import { cleaned, decodeText } from "./text.ts";

/** Longer than IPTC's own limits for these (32 and 128 bytes), which not all programs respect. */
const MOST_TEXT_BYTES = 2_000;

/** Datasets of the second record (IPTC-IIM 4.2 §6): By-line and Copyright Notice. */
const names: ReadonlyMap<number, "artist" | "copyright"> = new Map([
  [80, "artist"],
  [116, "copyright"],
]);

/** IPTC's own tag marker, and its application record. */
const [TAG, APPLICATION] = [0x1c, 2];

/**
 * The rights in Photoshop's block of a JPEG, in IPTC's resource (Photoshop File Formats, "Image Resource Blocks": 0x0404), or in
 * a plain IPTC block.
 * @throws RangeError if it ends early.
 */
export function* readIptc(
  block: ByteReader,
): Generator<readonly ["artist" | "copyright", string | undefined]> {
  const resource = block.find("8BIM\x04\x04", 0);
  let at = 0;
  if (resource !== -1) {
    const name = block.uint8(resource + 6);
    // A name is preceded by its length, and both are padded to an even number of bytes; then the length of the data follows.
    at = resource + 6 + ((name + 2) & ~1) + 4;
  }
  for (; block.uint8(at) === TAG; ) {
    const [record, dataset, length] = [block.uint8(at + 1), block.uint8(at + 2), block.uint16(at + 3)];
    // Only images have an extended length.
    if (length > 0x7fff) return;
    const property = record === APPLICATION ? names.get(dataset) : undefined;
    if (property !== undefined)
      yield [property, cleaned(decodeText(block.bytes(at + 5, Math.min(length, MOST_TEXT_BYTES))))];
    at += 5 + length;
  }
}
