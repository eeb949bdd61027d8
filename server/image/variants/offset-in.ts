import { formats } from "../../../contract/formats.ts";
import type { Offsets } from "../../../contract/tuning.ts";
import { offsetAt } from "../../encode/tuning.ts";

interface Image {
  readonly contentType: string;
  readonly width: number;
}

/** What a photograph's tuning adds to a `q` in an image; undefined: it is not tuned, or not in this format. */
export function offsetIn(
  offsets: Offsets | undefined,
  { contentType, width }: Image,
  q: number,
): number | undefined {
  if (contentType === formats.avif.type) return offsetAt(offsets?.avif, { q, width });
  return contentType === formats.webp.type ? offsetAt(offsets?.webp, { q, width }) : undefined;
}
