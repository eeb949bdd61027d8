import library from "exifreader";
import type { MetadataBlocks } from "./blocks.ts";
import { asTiff } from "./exif-block.ts";
import { asJpeg } from "./photoshop-block.ts";
import { asStandalone, parsePacket } from "./xmp-packet.ts";

/** The tags that the library reads, by its own names; each value is outside data, of any type. */
export interface Tags {
  readonly exif: unknown;
  readonly xmp: unknown;
  readonly iptc: unknown;
}

/** Limit for EXIF: the directories are at the start; a thumbnail and the maker's notes after them can be large. */
const MOST_EXIF_BYTES = 2 ** 16;

/** Limit for XMP. Longer packets contain an editor's history or masks, which cannot be skipped without parsing them. */
const MOST_XMP_BYTES = 2 ** 18;

/** Nothing else is decoded: the library needs sixteen bytes of memory for each byte of a value. */
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
  xmp: true,
  iptc: [
    ...["Object Name", "Headline", "Caption/Abstract", "Keywords", "By-line", "Credit", "Copyright Notice"],
    ...["Date Created", "Time Created"],
  ],
};

/** Of a place: as they are stored, because what the library makes of them takes every mark but "S" and "W" for north and east. */
const withPlace = [
  ...wanted.exif,
  ...["Latitude", "LatitudeRef", "Longitude", "LongitudeRef", "Altitude", "AltitudeRef"].map(
    (name) => `GPS${name}`,
  ),
];

/**
 * The tags of an original's blocks, read by ExifReader; from a damaged block, the tags before the damage or none. The library
 * gets each block separately, so that it parses no container: libvips has found the blocks, within the bounds of lean.ts.
 * @param withLocation if false, no tag of a place in EXIF is read.
 */
export function readTags({ exif, xmp, iptc }: MetadataBlocks, withLocation: boolean): Tags {
  const read = (group: keyof typeof wanted, file: Buffer | undefined): unknown => {
    if (file === undefined) return undefined;
    const names = group === "exif" && withLocation ? withPlace : wanted[group];
    const options = { includeTags: { [group]: names }, domParser: { parseFromString: parsePacket } };
    try {
      return Reflect.get(library.load(file, { expanded: true, ...options }), group);
    } catch {
      // It is not a block of this kind.
      return undefined;
    }
  };
  return {
    exif: read("exif", exif && asTiff(exif.subarray(0, MOST_EXIF_BYTES))),
    xmp: read("xmp", xmp && xmp.length <= MOST_XMP_BYTES ? asStandalone(xmp) : undefined),
    iptc: read("iptc", iptc && asJpeg(iptc)),
  };
}
