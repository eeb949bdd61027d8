import type { EntryMeta, SourceRecord } from "../cache/cache.ts";
import { isMadeWith } from "../encode/child/encoder-settings.ts";
import { offsetIn } from "../image/variants/offset-in.ts";
import { versionOf } from "../source/source.ts";

/**
 * Whether an entry is good enough for a publish. A substitute, and an entry with the settings of the live lane, were made for a
 * waiting reader: a publish makes them again.
 * @param record the source entry: an entry that was made before the photograph was tuned, or tuned otherwise, is made again.
 * @param of.q of its URL.
 * @param of.version that the page is built with; undefined: any.
 * @param of.effort the least; undefined: that of the warm lane.
 */
export function isWarm(
  meta: EntryMeta,
  record: SourceRecord | undefined,
  of: { readonly q: number; readonly version: string | undefined; readonly effort?: number | undefined },
): boolean {
  const { q, version, effort } = of;
  if (meta.substitute || !isMadeWith(meta, effort)) return false;
  const offsets = record?.validator === meta.validator ? record.offsets : undefined;
  if (offsets !== undefined && offsetIn(offsets, meta, q) !== meta.offset) return false;
  return version === undefined || versionOf(meta.validator) === version;
}
