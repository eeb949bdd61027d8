import type { Metadata } from "sharp";

/** The blocks of metadata that libvips found in an original, as they are stored, and the size to which positions in the picture refer. */
export interface MetadataBlocks {
  readonly exif?: Buffer;
  readonly xmp?: Buffer;
  readonly iptc?: Buffer;
  /** Stored size in pixels, and the rotation for display (EXIF's Orientation, 1 to 8). */
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
}

/** Of an original's header. */
export function blocksOf(header: Metadata): MetadataBlocks {
  const { exif, xmp, iptc, width, height, orientation = 1 } = header;
  return {
    ...(exif && { exif }),
    ...(xmp && { xmp }),
    ...(iptc && { iptc }),
    width,
    height,
    orientation,
  };
}
