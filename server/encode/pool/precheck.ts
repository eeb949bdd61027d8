import { Problem } from "../../errors.ts";
import { readSize } from "../../formats/dimensions.ts";
import { SNIFF_BYTES, sniff } from "../../formats/sniff.ts";
import { limitProblem, type SourceLimits } from "../limits.ts";

/**
 * Refuses an original by its first bytes, all of it or at least {@link SNIFF_BYTES}: this needs no slot and no decoder, and the body
 * need not have arrived.
 * @returns its megapixels, if its header contains them.
 * @throws Problem `unsupported-source` or `unreadable-source`.
 */
export function precheck(head: Uint8Array, limits: SourceLimits): number | undefined {
  const { kind, type, detail } = sniff(head);
  if (kind !== "raster")
    throw new Problem("unsupported-source", {
      detail: detail ?? "An SVG is served unchanged, without q and w.",
    });
  const size = readSize(type, head);
  if (size === undefined) return undefined;
  const problem = limitProblem(size, limits);
  if (problem !== undefined) throw new Problem("unreadable-source", { detail: problem });
  return (size.width * size.height) / 1e6;
}
