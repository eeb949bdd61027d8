/**
 * Stops purges when too many photographs become absent within an hour. A photograph that its owner deleted leaves the cache;
 * a bucket that was emptied, moved or only partly restored must not delete the whole cache.
 */
export interface PurgeBrake {
  /** Whether the variants of a source that has become absent may be deleted. */
  allows(key: string): Promise<boolean>;
  /** The source exists, or its owner has purged it. */
  forget(key: string): void;
}

/** Number of sources that may always be purged within an hour. */
const FEW = 20;
const SHARE = 0.1;
const HOUR_MS = 3_600_000;
const COUNT_MS = 60_000;
const MOST = 100_000;

/**
 * It is on while at least 20 sources, and more than a tenth of all in the cache, have become absent within the last hour. A
 * source that is still absent when it is checked again while the brake is on counts again, so the brake stays on as long as
 * the photographs are gone and readers request them.
 *
 * @param parts `countSources`: number of sources with entries in the cache; undefined if the volume does not answer, and then
 * nothing is deleted. `withheld`: called for each stopped purge.
 */
export function createPurgeBrake(parts: {
  readonly countSources: () => Promise<number | undefined>;
  readonly withheld: (about: { readonly absent: number; readonly known: number | undefined }) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}): PurgeBrake {
  const { countSources, withheld, now = () => performance.now() } = parts;
  /** When each became absent; the oldest first. */
  const absent = new Map<string, { readonly at: number; readonly isPurged: boolean }>();
  let counted: { readonly at: number; readonly known: Promise<number | undefined> } | undefined;

  function dropOld(): void {
    for (const [key, { at }] of absent) {
      if (now() - at < HOUR_MS && absent.size <= MOST) return;
      absent.delete(key);
    }
  }

  function note(key: string, isPurged: boolean): void {
    absent.delete(key);
    absent.set(key, { at: now(), isPurged });
  }

  /** Sources that were purged within the hour; they are no longer on disk. */
  async function countKnown(): Promise<number | undefined> {
    if (counted === undefined || now() - counted.at >= COUNT_MS) {
      const purged = [...absent.values()].filter(({ isPurged }) => isPurged).length;
      const known = countSources().then((there) => there && there + purged);
      counted = { at: now(), known };
    }
    return counted.known;
  }

  return {
    async allows(key) {
      dropOld();
      note(key, false);
      if (absent.size >= FEW) {
        const known = await countKnown();
        if (known === undefined || absent.size > known * SHARE) {
          withheld({ absent: absent.size, known });
          return false;
        }
      }
      note(key, true);
      return true;
    },
    forget: (key) => void absent.delete(key),
  };
}
