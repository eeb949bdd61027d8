import library from "exifreader";
import type { MetadataBlocks } from "./blocks.ts";
import { asTiff } from "./exif-block.ts";
import { asJpeg } from "./photoshop-block.ts";
import { asStandalone, parsePacket } from "./xmp-packet.ts";

/** What the library reads, by the names that it gives; each value is outside data, of any shape. */
export interface Tags {
  readonly exif: unknown;
  readonly gps: unknown;
  readonly xmp: unknown;
  readonly iptc: unknown;
}

/** Of EXIF, the directories lie at the start; a thumbnail and a maker's notes behind them may be large. */
const MOST_EXIF_BYTES = 2 ** 16;

/** Of XMP. What is longer has an editor's history or masks in it, and none of it can be left out without reading it. */
const MOST_XMP_BYTES = 2 ** 18;

/** Nothing else is decoded: the library holds sixteen bytes for each of a value. */
const wanted = {
  exif: [
    ...[
      "ImageDescription",
      "Artist",
      "Copyright",
      "XPTitle",
      "XPComment",
      "XPAuthor",
      "XPKeywords",
      "UserComment",
    ],
    ...["Make", "Model", "LensModel", "FocalLength", "FNumber", "ExposureTime", "ISOSpeedRatings"],
    ...["DateTimeOriginal", "OffsetTimeOriginal"],
  ],
  gps: true,
  xmp: true,
  iptc: [
    ...["Object Name", "Headline", "Caption/Abstract", "Keywords", "By-line", "Credit", "Copyright Notice"],
    ...["Date Created", "Time Created"],
  ],
};

/**
 * The tags of an original's blocks, read by ExifReader; of a damaged block those before the damage, or none. The library is
 * handed each block by itself, so that it parses no container: libvips has found the blocks, within the bounds of lean.ts.
 * @param withLocation without it, no tag of a place is looked at in EXIF.
 */
export function readTags({ exif, xmp, iptc }: MetadataBlocks, withLocation: boolean): Tags {
  const read = (group: keyof typeof wanted, file: Buffer | undefined): unknown => {
    if (file === undefined) return undefined;
    const options = { includeTags: { [group]: wanted[group] }, domParser: { parseFromString: parsePacket } };
    try {
      return Reflect.get(library.load(file, { expanded: true, ...options }), group);
    } catch {
      // It is no such block.
      return undefined;
    }
  };
  const tiff = exif && asTiff(exif.subarray(0, MOST_EXIF_BYTES));
  return {
    exif: read("exif", tiff),
    gps: withLocation ? read("gps", tiff) : undefined,
    xmp: read("xmp", xmp && xmp.length <= MOST_XMP_BYTES ? asStandalone(xmp) : undefined),
    iptc: read("iptc", iptc && asJpeg(iptc)),
  };
}
