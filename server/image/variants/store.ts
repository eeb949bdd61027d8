import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Entry, EntryMeta, Variant, VariantCache } from "../../cache/cache.ts";
import { isUnfocusedCrop } from "../../cache/name.ts";
import type { Background } from "../../concurrency/background.ts";
import type { Lane } from "../../encode/encoder.ts";
import { type MemoryCache, variantName } from "../memory-cache.ts";
import type { SourceShare } from "./source-share.ts";

/** Finds variants in memory or on disk. */
export interface FindsVariants {
  find(variant: Variant): Promise<Entry | undefined>;
  /** The metadata of an existing variant, for a publish that asks about thousands. */
  findMeta(variant: Variant): Promise<EntryMeta | undefined>;
  /** Whether an entry shows exactly this original as images look now; without `validator`, whichever original it shows. */
  isCurrent(meta: EntryMeta, validator?: string): boolean;
  /** The entry on disk, whatever is in memory, and only if it is current. */
  findStored(variant: Variant, validator: string): Promise<Entry | undefined>;
  /** Deletes all variants of a source, in memory and on disk; returns the number on disk, if the volume answers. */
  purge(key: string): Promise<number | undefined>;
  /** Deletes a source's crops that name no focus, in memory and on disk: they were made with another one than it has now. */
  dropCrops(key: string): Promise<void>;
}

/** The variants in memory and on disk. */
export interface VariantStore extends FindsVariants {
  /** Number of purges of a source: an original that was fetched before a purge must not be stored after it. */
  purgesOf(key: string): number;
  /**
   * Keeps a new variant. The reader does not wait for the disk, which may be full, slow or gone.
   * @param fetchedAfter number of purges of the source when its original was requested.
   */
  keep(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): void;
}

export interface VariantStoreParts {
  readonly hot: MemoryCache;
  readonly cache: VariantCache;
  readonly background: Background;
  readonly share: SourceShare;
  /** The LOOK that entries are made with. */
  readonly look: number;
}

export function createVariantStore({ hot, cache, background, share, look }: VariantStoreParts): VariantStore {
  const reads = new Map<string, Promise<Entry | undefined>>();
  const purges = new LRUCache<string, number>({ max: 10_000 });
  const purgesOf = (key: string): number => purges.get(key) ?? 0;

  function keep(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): void {
    if (purgesOf(variant.key) !== fetchedAfter) return;
    // Memory is for what readers request: a publish of a thousand photographs must not evict it.
    if (lane === "live" || hot.get(variant) !== undefined) hot.set(variant, entry);
    background.run("store a variant", async () => {
      // The response first: it is written in this turn of the event loop.
      if (lane === "live") await setImmediate();
      await store(variant, entry, lane, fetchedAfter);
    });
  }

  /** Clients that enumerate q and w get a limited share of the disk. The variants that a publish warms are published right after. */
  async function store(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): Promise<void> {
    const { key } = variant;
    if (purgesOf(key) !== fetchedAfter) return;
    const isStored = await cache.write(variant, entry);
    // A purge during the store has not seen this file.
    if (purgesOf(key) !== fetchedAfter) await cache.purge(key);
    else if (isStored && lane === "live") await share.hold(key, cache.nameOf(variant));
  }

  /** One read for all requests at the same time: after a restart, all readers of a page send them. */
  function readOnce(variant: Variant): Promise<Entry | undefined> {
    // A read that began before a purge must not be used for later readers.
    const name = `${hot.edition} ${variantName(variant)}`;
    const known = reads.get(name);
    if (known !== undefined) return known;
    const reading = read(variant).finally(() => reads.delete(name));
    reads.set(name, reading);
    return reading;
  }

  async function read(variant: Variant): Promise<Entry | undefined> {
    const { edition } = hot;
    const stored = await cache.read(variant);
    // A reader may look at the disk just before another one has made the variant.
    if (stored === undefined) return hot.get(variant);
    // But not after a purge in the meantime.
    if (hot.edition === edition) hot.set(variant, stored);
    return stored;
  }

  function isCurrent(meta: EntryMeta, validator = meta.validator): boolean {
    return meta.validator === validator && meta.look >= look;
  }

  return {
    purgesOf,
    keep,
    isCurrent,
    find(variant) {
      const held = hot.get(variant);
      return held === undefined ? readOnce(variant) : Promise.resolve(held);
    },
    findMeta: async (variant) => hot.get(variant)?.meta ?? cache.readMeta(variant),
    async findStored(variant, validator) {
      const stored = await cache.read(variant);
      // It may have been made, and not be stored yet, while the disk was read.
      const found = stored !== undefined && isCurrent(stored.meta, validator) ? stored : hot.get(variant);
      if (found === undefined || !isCurrent(found.meta, validator)) return undefined;
      hot.set(variant, found);
      return found;
    },
    async purge(key) {
      purges.set(key, purgesOf(key) + 1);
      hot.purge(key);
      return cache.purge(key);
    },
    async dropCrops(key) {
      const crops = ((await cache.entriesOf(key)) ?? []).filter(isUnfocusedCrop);
      hot.purge(key);
      await cache.evict(crops, crops.length);
    },
  };
}
