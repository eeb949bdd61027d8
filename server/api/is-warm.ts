import type { EntryMeta } from "../cache/cache.ts";
import { mostEffort } from "../encode/child/effort.ts";
import { versionOf } from "../source/source.ts";

/**
 * Whether an entry is good enough for a publish. A substitute, or an entry of lower effort than requested, was made for a
 * waiting reader: a publish makes it again.
 * @param version that the page is built with; undefined: any.
 */
export function isWarm(meta: EntryMeta, version: string | undefined, effort = 0): boolean {
  if (meta.substitute || meta.effort < Math.min(effort, mostEffort(meta.contentType))) return false;
  return version === undefined || versionOf(meta.validator) === version;
}
