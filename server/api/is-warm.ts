import type { EntryMeta } from "../cache/cache.ts";
import { mostEffort } from "../encode/child/effort.ts";
import { versionOf } from "../source/source.ts";

/**
 * Whether an entry is what a publish wants. A substitute, or less effort than is asked for now, is what a reader got in a
 * hurry: this is when it is made anew.
 * @param version that the page is built with; absent: any.
 */
export function isWarm(meta: EntryMeta, version: string | undefined, effort = 0): boolean {
  if (meta.substitute || meta.effort < Math.min(effort, mostEffort(meta.contentType))) return false;
  return version === undefined || versionOf(meta.validator) === version;
}
