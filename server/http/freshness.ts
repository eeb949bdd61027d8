/** Seconds between checks of the source. */
export interface FreshnessPolicy {
  /** For URLs without `v`. */
  readonly unversionedSeconds: number;
  /** Whether a check that is due for them comes before the answer, and not in its background. */
  readonly checksFirst: boolean;
  /** For URLs with the `v` of the entry: only to notice that the source is gone. */
  readonly versionedSeconds: number;
}

/** A bucket: unversioned URLs are checked once an hour, versioned ones once a day. */
export const remotePolicy: FreshnessPolicy = {
  unversionedSeconds: 3600,
  checksFirst: false,
  versionedSeconds: 86_400,
};

/**
 * A folder, whose owner expects to see a changed file.
 * @param checkMs maximum age of a file's stat when an answer without `v` is given; 0 checks before each answer.
 */
export function folderPolicy(checkMs: number): FreshnessPolicy {
  return { unversionedSeconds: checkMs / 1000, checksFirst: true, versionedSeconds: 86_400 };
}

/** Facts that decide how long a response is fresh and whether the source is asked. */
export interface Asked {
  /** `v` in the URL. */
  readonly asked: string | undefined;
  /** Version of the entry. */
  readonly version: string;
}

/** When the source must be asked about a key. */
export interface NextCheck {
  /** Milliseconds for which its last answer is still valid; 0: a check is due. */
  readonly leftMs: number;
  /** Whether a check that is due comes before the answer. */
  readonly comesFirst: boolean;
}

/** @param checked time of the source's last answer, in milliseconds since 1970. */
export function nextCheck(
  { asked, version }: Asked,
  checked: number,
  policy: FreshnessPolicy,
  now: number = Date.now(),
): NextCheck {
  if (asked === undefined) {
    const { unversionedSeconds, checksFirst } = policy;
    return { leftMs: msLeft(checked, unversionedSeconds, now), comesFirst: checksFirst };
  }
  if (asked !== version) return { leftMs: 0, comesFirst: true };
  return { leftMs: msLeft(checked, policy.versionedSeconds, now), comesFirst: false };
}

/** An answer with a time in the future was written with a wrong clock: its age is unknown. */
function msLeft(checked: number, seconds: number, now: number): number {
  const age = now - checked;
  return age < 0 ? 0 : Math.max(0, seconds * 1000 - age);
}

/**
 * How long readers and CDNs may cache a response.
 * @param brief it replaces what was requested: a stale entry while the source is down, or a substitute format.
 */
export function cacheControl({ asked, version }: Asked, brief: boolean, policy: FreshnessPolicy): string {
  if (brief) return A_MINUTE;
  if (asked === version) return "public, max-age=31536000, immutable";
  if (asked !== undefined) return A_MINUTE;
  if (policy.checksFirst) return "no-cache";
  return "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=604800";
}

/**
 * The same for a failure that belongs to a photograph, and ends when the photograph is there or mended.
 * @param usual for sources that are not asked before each answer.
 */
export function failureCacheControl(usual: string, policy: FreshnessPolicy): string {
  return policy.checksFirst ? "no-cache" : usual;
}

const A_MINUTE = "public, max-age=60";
