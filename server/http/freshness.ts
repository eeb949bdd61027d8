/** Seconds between checks of the source. */
export interface FreshnessPolicy {
  /** For URLs without `v`; 0 checks before every answer, as a folder being edited needs it. */
  readonly unversionedSeconds: number;
  /** For URLs with the `v` of the entry: only to notice that the source is gone. */
  readonly versionedSeconds: number;
}

/** A bucket: unversioned URLs are checked once an hour, versioned ones once a day. */
export const remotePolicy: FreshnessPolicy = { unversionedSeconds: 3600, versionedSeconds: 86_400 };

/** A folder: a changed file shows at once. */
export const folderPolicy: FreshnessPolicy = { unversionedSeconds: 0, versionedSeconds: 86_400 };

/** What decides how long an answer stays fresh and whether the source is asked. */
export interface Asked {
  /** `v` of the URL. */
  readonly asked: string | undefined;
  /** Version of what is about to be served. */
  readonly version: string;
}

/**
 * For how many milliseconds what was said then still holds; 0 when the source is to be asked. What was said at a time that
 * is yet to come was written by a clock that was wrong: nothing tells how old it is.
 * @param checked milliseconds since 1970.
 */
export function msUntilCheck(checked: number, seconds: number, now: number = Date.now()): number {
  const age = now - checked;
  return age < 0 ? 0 : Math.max(0, seconds * 1000 - age);
}

/** For how long what the source said holds; 0 where it is asked before every answer. */
export function secondsBetweenChecks({ asked, version }: Asked, policy: FreshnessPolicy): number {
  if (asked === undefined) return policy.unversionedSeconds;
  return asked === version ? policy.versionedSeconds : 0;
}

/**
 * How long readers and CDNs may keep an answer.
 * @param brief it stands in for what was asked: a stale entry while the source is down, a substitute format.
 */
export function cacheControl({ asked, version }: Asked, brief: boolean, policy: FreshnessPolicy): string {
  if (brief) return A_MINUTE;
  if (asked === version) return "public, max-age=31536000, immutable";
  if (asked !== undefined) return A_MINUTE;
  if (policy.unversionedSeconds === 0) return "no-cache";
  return "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=604800";
}

const A_MINUTE = "public, max-age=60";
