import type { EntryMeta } from "../cache/cache.ts";
import { isMadeWith } from "../encode/child/encoder-settings.ts";
import { versionOf } from "../source/source.ts";

/**
 * Whether an entry is good enough for a publish. A substitute, and an entry with the settings of the live lane, were made for a
 * waiting reader: a publish makes them again.
 * @param version that the page is built with; undefined: any.
 * @param effort the least; undefined: that of the warm lane.
 */
export function isWarm(meta: EntryMeta, version: string | undefined, effort?: number): boolean {
  if (meta.substitute || !isMadeWith(meta, effort)) return false;
  return version === undefined || versionOf(meta.validator) === version;
}
