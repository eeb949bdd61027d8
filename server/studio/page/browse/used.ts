import { useEffect, useState } from "preact/hooks";
import type { UsedAnswer } from "../../../../contract/studio.ts";
import { used } from "../api.ts";
import type { Listing } from "./listing.ts";

/** What is known of the posts that use a folder. */
export interface Used {
  /** Undefined: not known, or no site has published to this server. */
  readonly names?: ReadonlySet<string>;
  /** Why it is not known. */
  readonly error?: unknown;
}

export function useUsed(folder: string): Used {
  const [known, setKnown] = useState<Used>({});
  useEffect(() => {
    const leaving = new AbortController();
    used(folder, leaving.signal).then(
      (answer) => leaving.signal.aborted || setKnown(usedOf(answer)),
      (error) => leaving.signal.aborted || setKnown({ error }),
    );
    return () => leaving.abort();
  }, [folder]);
  return known;
}

function usedOf({ sets, names }: UsedAnswer): Used {
  return sets === 0 ? {} : { names: new Set(names) };
}

/** Keys and folders that posts name and the source does not have; undefined: not known before the whole folder has been read. */
export function missingIn(
  { objects, folders, next, isLoading, error }: Listing,
  { names }: Used,
): readonly string[] | undefined {
  if (names === undefined || next !== undefined || isLoading || error !== undefined) return undefined;
  const there = new Set([...folders, ...objects.map(({ key }) => key)]);
  return [...names].filter((name) => !there.has(name)).toSorted();
}
