import { useEffect, useRef, useState } from "preact/hooks";
import type { ListAnswer } from "../../../contract/api.ts";
import { listFolder } from "./api.ts";
import type { SortOrder } from "./route.ts";

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

/** The first page is here soon, whatever the folder's size. */
const FIRST_PAGE = 120;
const WHOLE_PAGE = 1000;

/**
 * A folder, page by page.
 * @param wantsAll whether the rest is fetched too: finding and sorting need all names.
 */
export function useListing(folder: string, wantsAll: boolean): { listing: Listing; more: () => void } {
  const [listing, setListing] = useState<Listing>({ folders: [], objects: [], isLoading: true });
  const leaving = useRef(new AbortController());

  const load = async (before: Listing, most: number): Promise<void> => {
    const { signal } = leaving.current;
    setListing({ ...before, isLoading: true });
    try {
      const { next } = before;
      const page = await listFolder({ folder, most, ...(next !== undefined && { after: next }) }, signal);
      if (signal.aborted) return;
      setListing({
        folders: [...before.folders, ...page.folders],
        objects: [...before.objects, ...page.objects],
        next: page.next,
        isLoading: false,
      });
    } catch (error) {
      if (!signal.aborted) setListing({ ...before, isLoading: false, error });
    }
  };

  useEffect(() => {
    void load({ folders: [], objects: [], isLoading: true }, FIRST_PAGE);
    return () => leaving.current.abort();
  }, []);
  const isWaiting =
    wantsAll && !listing.isLoading && listing.error === undefined && listing.next !== undefined;
  useEffect(() => {
    if (isWaiting) void load(listing, WHOLE_PAGE);
  }, [isWaiting, listing.objects.length]);

  const more = (): void => {
    if (!listing.isLoading && listing.next !== undefined) void load(listing, FIRST_PAGE);
  };
  return { listing, more };
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
