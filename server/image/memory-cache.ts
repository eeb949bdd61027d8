import { LRUCache } from "lru-cache";
import type { Entry, Variant } from "../cache/cache.ts";

/** The most requested variants, in memory, limited by bytes. */
export interface MemoryCache {
  get(variant: Variant): Entry | undefined;
  set(variant: Variant, entry: Entry): void;
  /** Removes one source's variants. */
  purge(key: string): void;
  clear(): void;
  /** Changes with each purge or clear: an entry that was read before one must not be stored after it. */
  readonly edition: number;
  readonly bytes: number;
  readonly entries: number;
}

/**
 * @param maxBytes 0 turns it off.
 * @param now milliseconds of any clock.
 */
export function createMemoryCache(
  maxBytes: number,
  now: () => number = () => performance.now(),
): MemoryCache {
  let edition = 0;
  const entries = new LRUCache<string, Entry>({
    maxSize: Math.max(1, maxBytes),
    // One very large entry must not evict everything else.
    maxEntrySize: Math.max(1, Math.floor(maxBytes / 8)),
    // Otherwise the most requested entries would never be read from disk, and the sweep would treat them as unused.
    ttl: HOT_MS,
    ttlResolution: 1_000,
    perf: { now },
    sizeCalculation: (entry, name) => entry.body.byteLength + name.length + ENTRY_OVERHEAD,
  });
  return {
    get: (variant) => entries.get(variantName(variant)),
    set(variant, entry) {
      if (maxBytes > 0) entries.set(variantName(variant), entry);
    },
    purge(key) {
      edition++;
      for (const name of [...entries.keys()]) if (keyOf(name) === key) entries.delete(name);
    },
    clear() {
      edition++;
      entries.clear();
    },
    get edition() {
      return edition;
    },
    get bytes() {
      return entries.calculatedSize;
    },
    get entries() {
      return entries.size;
    },
  };
}

/** One text for each variant, for maps; the key is last, so that nothing in it can look like another field. */
export function variantName(variant: Variant): string {
  const known = names.get(variant);
  if (known !== undefined) return known;
  const { key, width, ratio, focus, quality, class: of } = variant;
  const name = [width, ratio, focus, quality, of, key].join(" ");
  names.set(variant, name);
  return name;
}

/** The fast path asks with the same object each time. */
const names = new WeakMap<Variant, string>();

// --- parts ---

/** Read again from disk once an hour, which is as often as the disk records a use. */
const HOT_MS = 3_600_000;

/** Map slot, object and headers of one entry; an upper limit, by measurement. */
const ENTRY_OVERHEAD = 1024;

function keyOf(name: string): string {
  return name.split(" ").slice(5).join(" ");
}
