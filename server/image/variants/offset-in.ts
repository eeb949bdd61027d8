import { formats } from "../../../contract/formats.ts";
import type { Offsets } from "../../../contract/tuning.ts";

/** The offset for an image of this media type. */
export function offsetIn(offsets: Offsets | undefined, contentType: string): number | undefined {
  if (contentType === formats.avif.type) return offsets?.avif;
  return contentType === formats.webp.type ? offsets?.webp : undefined;
}
