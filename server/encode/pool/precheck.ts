import { Problem } from "../../errors.ts";
import { readSize } from "../../formats/dimensions.ts";
import { SNIFF_BYTES, sniff } from "../../formats/sniff.ts";
import { limitProblem, type SourceLimits } from "../limits.ts";

/**
 * Refuses an original by its first bytes, the whole of it or at least {@link SNIFF_BYTES}: it costs no slot and no
 * decoder, and its body need not have arrived.
 * @returns its megapixels, as far as its head tells them.
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
