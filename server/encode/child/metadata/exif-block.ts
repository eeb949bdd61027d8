/** Types of EXIF's values: text in ASCII, and text in UTF-8 (EXIF 3.0 §4.6.2). */
const [ASCII, UTF8] = [2, 129];
/** The tag in the first directory that points to the second one. */
const EXIF_DIRECTORY = 0x8769;
const ENTRY_BYTES = 12;

/**
 * A block of EXIF as a TIFF file for the library: without EXIF's own mark, and with the type of UTF-8 texts changed to ASCII.
 * The library does not know the type for UTF-8, and decodes ASCII as UTF-8.
 * @returns a copy.
 */
export function asTiff(exif: Buffer): Buffer {
  const tiff = Buffer.from(exif.subarray(exif.toString("latin1", 0, 4) === "Exif" ? 6 : 0));
  const isLittle = tiff.toString("latin1", 0, 2) === "II";
  const uint16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const uint32 = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const retype = (directory: number): number => {
    let below = 0;
    for (let left = uint16(directory), at = directory + 2; left > 0; left--, at += ENTRY_BYTES) {
      if (uint16(at + 2) === UTF8) tiff[at + (isLittle ? 2 : 3)] = ASCII;
      if (uint16(at) === EXIF_DIRECTORY) below = uint32(at + 8);
    }
    return below;
  };
  try {
    const below = retype(uint32(4));
    if (below > 0) retype(below);
  } catch {
    // The block is cut: the library reads the part that exists.
  }
  return tiff;
}
