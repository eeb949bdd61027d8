import sharp from "sharp";

/**
 * Leaves the five libvips decoders that originals need and blocks the rest: SVG, TIFF, PDF and any decoder of a future build.
 * One thread and no operation cache: a child does one job, and its memory must be freed.
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
