import { useEffect, useRef, useState } from "preact/hooks";
import type { ListAnswer } from "../../../../contract/api.ts";
import { listFolder } from "../api.ts";
import { type SortOrder, STEP } from "../url/route.ts";

export type Listed = ListAnswer["objects"][number];

/** What is known of a folder so far. */
export interface Listing {
  readonly folders: readonly string[];
  readonly objects: readonly Listed[];
  /** Where the next page begins; undefined: the listing is complete, or has not begun. */
  readonly next?: string | undefined;
  readonly isLoading: boolean;
  readonly error?: unknown;
}

const LARGEST_PAGE = 1000;

/**
 * A folder, page by page: a small one at first, which is here soon, whatever the folder's size.
 * @param wanted number of names; infinite for finding and sorting, which need all of them.
 */
export function useListing(folder: string, wanted: number): Listing {
  const [listing, setListing] = useState<Listing>({ folders: [], objects: [], isLoading: true });
  const leaving = useRef(new AbortController());

  const load = async (before: Listing): Promise<void> => {
    const { signal } = leaving.current;
    setListing({ ...before, isLoading: true });
    try {
      const { next, objects, folders } = before;
      const known = objects.length + folders.length;
      const most = known === 0 ? STEP : Math.min(LARGEST_PAGE, Math.max(STEP, wanted - known));
      const page = await listFolder({ folder, most, ...(next !== undefined && { after: next }) }, signal);
      if (signal.aborted) return;
      setListing({
        folders: [...folders, ...page.folders],
        objects: [...objects, ...page.objects],
        next: page.next,
        isLoading: false,
      });
    } catch (error) {
      if (!signal.aborted) setListing({ ...before, isLoading: false, error });
    }
  };

  useEffect(() => {
    void load(listing);
    return () => leaving.current.abort();
  }, []);
  const { objects, folders, next, isLoading, error } = listing;
  const isMore = next !== undefined && objects.length + folders.length < wanted;
  const isWaiting = isMore && !isLoading && error === undefined;
  useEffect(() => {
    if (isWaiting) void load(listing);
  }, [isWaiting, next]);
  return listing;
}

/** The objects that are shown, in their order. */
export function arranged(objects: readonly Listed[], find: string, sort: SortOrder): readonly Listed[] {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = words.length === 0 ? objects : objects.filter(({ key }) => hasAll(key.toLowerCase(), words));
  return sort === "name" ? found : found.toSorted(orders[sort]);
}

function hasAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

const orders = {
  newest: (a: Listed, b: Listed) => (b.modified ?? "").localeCompare(a.modified ?? ""),
  largest: (a: Listed, b: Listed) => b.bytes - a.bytes,
} as const;
