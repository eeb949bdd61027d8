import type { EntryMeta, SourceRecord } from "../cache/cache.ts";
import { isMadeWith } from "../encode/child/encoder-settings.ts";
import { offsetIn } from "../image/variants/offset-in.ts";
import { versionOf } from "../source/source.ts";

/**
 * Whether an entry is good enough for a publish. A substitute, and an entry with the settings of the live lane, were made for a
 * waiting reader: a publish makes them again.
 * @param record the source entry: an entry that was made before the photograph was tuned, or tuned otherwise, is made again.
 * @param version that the page is built with; undefined: any.
 * @param effort the least; undefined: that of the warm lane.
 */
export function isWarm(
  meta: EntryMeta,
  record: SourceRecord | undefined,
  version: string | undefined,
  effort?: number,
): boolean {
  if (meta.substitute || !isMadeWith(meta, effort)) return false;
  const offsets = record?.validator === meta.validator ? record.offsets : undefined;
  if (offsets !== undefined && offsetIn(offsets, meta.contentType) !== meta.offset) return false;
  return version === undefined || versionOf(meta.validator) === version;
}
