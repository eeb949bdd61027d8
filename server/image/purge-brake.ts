/**
 * Stops purges when too many photographs turn absent within an hour. One that its owner deleted goes from the cache;
 * a bucket that was emptied, moved or restored in part must not take the whole cache with it.
 */
export interface PurgeBrake {
  /** Whether what is kept of a source that has turned absent may be deleted. */
  allows(key: string): Promise<boolean>;
  /** The source is there, or its owner has purged it. */
  forget(key: string): void;
}

/** What may go within an hour, whatever the size of the cache. */
const FEW = 20;
const SHARE = 0.1;
const HOUR_MS = 3_600_000;
const COUNT_MS = 60_000;
const MOST = 100_000;

/**
 * On while at least 20 sources and more than a tenth of those that the cache knows have turned absent within the last
 * hour. A source that is still absent when it is asked again while the brake is on counts anew, so that the brake stays
 * on as long as the photographs are away and readers ask for them.
 *
 * @param parts `countSources`: how many the cache has entries of; undefined where the volume does not say, which keeps
 * what is there. `withheld`: called for each purge that is stopped.
 */
export function createPurgeBrake(parts: {
  readonly countSources: () => Promise<number | undefined>;
  readonly withheld: (about: { readonly absent: number; readonly known: number | undefined }) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}): PurgeBrake {
  const { countSources, withheld, now = () => performance.now() } = parts;
  /** When each turned absent; the oldest first. */
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

  /** Those that were purged within the hour are no longer on disk. */
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
