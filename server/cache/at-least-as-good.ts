import type { EntryMeta } from "./cache.ts";

/** Whether an entry was made with a publish's settings. */
export type IsOfPublish = (meta: EntryMeta) => boolean;

/**
 * Whether a stored entry need not be replaced by this one: it has the same bytes, or better ones of the same original. A publish can
 * end before a reader's encode does. One with another offset is not as good, whatever its effort or its bytes: the next publish would find
 * that it is not tuned so. Efforts of two formats cannot be compared, but only a publish looks for the smaller format.
 */
export function isAtLeastAsGood(stored: EntryMeta, meta: EntryMeta, isOfPublish: IsOfPublish): boolean {
  if (stored.validator !== meta.validator) return false;
  // A newer release has made it: replacing it would only make that release make it again.
  if (stored.look > meta.look) return stored.effort >= meta.effort && (meta.substitute || !stored.substitute);
  if (stored.look < meta.look) return false;
  if (stored.substitute !== meta.substitute) return meta.substitute;
  if (stored.offset !== meta.offset) return false;
  if (stored.contentType !== meta.contentType) return isOfPublish(stored) && !isOfPublish(meta);
  return stored.effort > meta.effort || (stored.effort === meta.effort && stored.etag === meta.etag);
}
