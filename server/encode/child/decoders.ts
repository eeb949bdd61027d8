import sharp from "sharp";

/**
 * Leaves libvips the five decoders that originals need and shuts the rest: SVG, TIFF, PDF and all that a future build
 * brings. One thread and no operation cache: a child does one job and its memory must come back.
 */
export function restrictDecoders(): void {
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({
    operation: [
      "VipsForeignLoadJpeg",
      "VipsForeignLoadPng",
      "VipsForeignLoadWebp",
      "VipsForeignLoadNsgif",
      "VipsForeignLoadHeif",
    ],
  });
  sharp.concurrency(1);
  sharp.cache(false);
}
