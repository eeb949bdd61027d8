import type { SourceRecords, Variant } from "../../cache/cache.ts";
import type { Output } from "../../encode/encoder.ts";

/**
 * Variants of one source as an encoder takes them: a crop that names no focus gets the photograph's own, if its record has
 * one and is of this very original.
 * @param validator of the original.
 */
export async function withOwnFocus(
  variants: readonly Variant[],
  validator: string,
  records: Pick<SourceRecords, "readRecord">,
): Promise<Output[]> {
  const outputs = variants.map(({ key: _, ...output }) => output);
  const asking = variants.find((variant) => lacksFocus(variant));
  const record = asking && (await records.readRecord(asking.key));
  if (record?.focus === undefined || record.validator !== validator) return outputs;
  const { focus } = record;
  return outputs.map((output) => (lacksFocus(output) ? { ...output, focus } : output));
}

function lacksFocus({ ratio, focus }: Pick<Variant, "ratio" | "focus">): boolean {
  return ratio !== undefined && focus === undefined;
}
