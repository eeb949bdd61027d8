import type { SourceRecords, Variant } from "../../cache/cache.ts";
import type { Output } from "../../encode/encoder.ts";

/**
 * Variants of one source as an encoder takes them: a crop that names no focus gets the photograph's own, and all get the offsets
 * that it is tuned with, if its record has them and is of this very original.
 * @param validator of the original.
 */
export async function withOwnFocus(
  variants: readonly Variant[],
  validator: string,
  records: Pick<SourceRecords, "readRecord">,
): Promise<Output[]> {
  const outputs = variants.map(({ key: _, ...output }) => output);
  const [first] = variants;
  const record = first && (await records.readRecord(first.key));
  if (record === undefined || record.validator !== validator) return outputs;
  const { focus, offsets } = record;
  return outputs.map((output) => ({
    ...output,
    ...(focus !== undefined && lacksFocus(output) && { focus }),
    ...(offsets !== undefined && { offsets }),
  }));
}

/** Whether it is a crop that shows the focus of the source entry. */
export function lacksFocus({ ratio, focus }: Pick<Variant, "ratio" | "focus">): boolean {
  return ratio !== undefined && focus === undefined;
}
