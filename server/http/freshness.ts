/** Seconds between checks of the source. */
export interface FreshnessPolicy {
  /** For URLs without `v`; 0 checks before every answer, as a folder being edited needs it. */
  readonly unversionedSeconds: number;
  /** For URLs with the `v` of the entry: only to notice that the source is gone. */
  readonly versionedSeconds: number;
}

/** A bucket: unversioned URLs are checked once an hour, versioned ones once a day. */
export const remotePolicy: FreshnessPolicy = { unversionedSeconds: 3600, versionedSeconds: 86_400 };

/** A folder: a changed file appears at once. */
export const folderPolicy: FreshnessPolicy = { unversionedSeconds: 0, versionedSeconds: 86_400 };

/** Facts that decide how long a response is fresh and whether the source is asked. */
export interface Asked {
  /** `v` in the URL. */
  readonly asked: string | undefined;
  /** Version of the entry. */
  readonly version: string;
}

/**
 * For how many milliseconds the source's last answer is still valid; 0 if the source must be asked. An answer with a time in the
 * future was written with a wrong clock: its age is unknown.
 * @param checked milliseconds since 1970.
 */
export function msUntilCheck(checked: number, seconds: number, now: number = Date.now()): number {
  const age = now - checked;
  return age < 0 ? 0 : Math.max(0, seconds * 1000 - age);
}

/** For how long an answer of the source is valid; 0 if it is asked before every response. */
export function secondsBetweenChecks({ asked, version }: Asked, policy: FreshnessPolicy): number {
  if (asked === undefined) return policy.unversionedSeconds;
  return asked === version ? policy.versionedSeconds : 0;
}

/**
 * How long readers and CDNs may cache a response.
 * @param brief it replaces what was requested: a stale entry while the source is down, or a substitute format.
 */
export function cacheControl({ asked, version }: Asked, brief: boolean, policy: FreshnessPolicy): string {
  if (brief) return A_MINUTE;
  if (asked === version) return "public, max-age=31536000, immutable";
  if (asked !== undefined) return A_MINUTE;
  if (policy.unversionedSeconds === 0) return "no-cache";
  return "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=604800";
}

const A_MINUTE = "public, max-age=60";
