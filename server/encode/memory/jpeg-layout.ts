import type { ByteReader } from "../../formats/byte-reader.ts";
import { isStartOfFrame, START_OF_SCAN, segments } from "../../formats/dimensions.ts";
import type { Layout } from "./layout.ts";
import { mostOf, type Retagging, retaggingOfProfile } from "./retagging.ts";

/** Frames and scans: ITU T.81 §B.2. */
export function readJpegLayout(bytes: ByteReader): Partial<Layout> {
  let components = 0;
  let samples = 0;
  let isProgressive = false;
  let turned = false;
  const profiles: Retagging[] = [];
  for (const { marker, at } of segments(bytes)) {
    if (isStartOfFrame(marker)) {
      // Progressive by Huffman codes (C2, C6) or arithmetic coding (CA, CE).
      isProgressive = (marker & 3) === 2;
      components = bytes.uint8(at + 9);
      samples = samplesOf(bytes, at + 10, components);
    } else if (marker === EXIF) turned ||= isTurned(bytes, at + 10);
    else if (marker === PROFILE && bytes.startsWith("ICC_PROFILE", at + 4)) {
      profiles.push(retaggingOfProfile(bytes, at + 18));
    } else if (marker === START_OF_SCAN)
      return {
        channels: Math.max(3, components),
        samples,
        whole: isProgressive || bytes.uint8(at + 4) < components,
        turned,
        // One of colours becomes one of grey.
        retagged: mostOf([...profiles, profiles.length > 0 && components === 1 ? "profile" : "no"]),
      };
  }
  throw new RangeError("no scan");
}

const EXIF = 0xffe1;
const PROFILE = 0xffe2;

/** Samples for each pixel, counting colour at half the rows or columns as such. */
function samplesOf(bytes: ByteReader, at: number, components: number): number {
  let samples = 0;
  let across = 0;
  let down = 0;
  for (let index = 0; index < Math.min(components, 4); index++) {
    const factors = bytes.uint8(at + 3 * index + 1);
    const [horizontal, vertical] = [factors >> 4, factors & 15];
    samples += horizontal * vertical;
    across = Math.max(across, horizontal);
    down = Math.max(down, vertical);
  }
  return samples === 0 ? 0 : samples / (across * down);
}

/** Whether an EXIF directory (2.32 §4.6) has an orientation other than upright. A damaged one counts as upright. */
function isTurned(bytes: ByteReader, tiff: number): boolean {
  try {
    const order = bytes.startsWith("II", tiff) ? "little" : "big";
    const directory = tiff + bytes.uint32(tiff + 4, order);
    const entries = Math.min(bytes.uint16(directory, order), 1_000);
    for (let at = directory + 2; at < directory + 2 + 12 * entries; at += 12)
      if (bytes.uint16(at, order) === ORIENTATION) return bytes.uint16(at + 8, order) !== 1;
    return false;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const ORIENTATION = 0x0112;
