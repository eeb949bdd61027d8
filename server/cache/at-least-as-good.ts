import type { EntryMeta } from "./cache.ts";

/**
 * Whether a stored entry need not be replaced by this one: it has the same bytes, or better ones of the same original. A publish can
 * end before a reader's encode does. One with another offset is not as good, whatever its effort or its bytes: the next publish would find
 * that it is not tuned so.
 */
export function isAtLeastAsGood(stored: EntryMeta, meta: EntryMeta): boolean {
  if (stored.validator !== meta.validator) return false;
  // A newer release has made it: replacing it would only make that release make it again.
  if (stored.look > meta.look) return stored.effort >= meta.effort && (meta.substitute || !stored.substitute);
  if (stored.look < meta.look) return false;
  if (stored.substitute !== meta.substitute) return meta.substitute;
  if (stored.contentType !== meta.contentType || stored.offset !== meta.offset) return false;
  return stored.effort > meta.effort || (stored.effort === meta.effort && stored.etag === meta.etag);
}
