import { setImmediate } from "node:timers/promises";
import type { Entry, EntryMeta, Variant, VariantCache } from "../../cache/cache.ts";
import { isUnfocusedCrop } from "../../cache/name.ts";
import type { Background } from "../../concurrency/background.ts";
import { createLru } from "../../concurrency/lru.ts";
import type { Lane } from "../../encode/encoder.ts";
import { type MemoryCache, variantName } from "../memory-cache.ts";
import { lacksFocus } from "./own-focus.ts";
import type { SourceShare } from "./source-share.ts";

/** Finds variants in memory or on disk. */
export interface FindsVariants {
  find(variant: Variant): Promise<Entry | undefined>;
  /** An entry that suits a publish. Another replica may have replaced on disk what is in memory here. */
  findSuiting(variant: Variant, suits: Suits): Promise<Entry | undefined>;
  /** Whether there is one: for a publish that asks about thousands. */
  hasSuiting(variant: Variant, suits: Suits): Promise<boolean>;
  /** Whether an entry shows exactly this original as images look now; without `validator`, whichever original it shows. */
  isCurrent(meta: EntryMeta, validator?: string): boolean;
  /** The entry on disk, whatever is in memory, and only if it is current. */
  findStored(variant: Variant, validator: string): Promise<Entry | undefined>;
  /** Ends when the writes of a source's variants that have begun have ended. */
  written(key: string): Promise<void>;
  /** Deletes all variants of a source, in memory and on disk; returns the number on disk, if the volume answers. */
  purge(key: string): Promise<number | undefined>;
  /** Deletes a source's crops that name no focus, in memory and on disk: they were made with another one than it has now. */
  dropCrops(key: string): Promise<void>;
}

export type Suits = (meta: EntryMeta) => boolean;

/** The variants in memory and on disk. */
export interface VariantStore extends FindsVariants {
  /** To be asked before the original is fetched, for {@link keep}. */
  editionOf(key: string): Edition;
  /**
   * Keeps a new variant. The reader does not wait for the disk, which may be full, slow or gone.
   * @param since the source's edition when its original was requested: what is older than a purge is not kept.
   */
  keep(variant: Variant, entry: Entry, lane: Lane, since: Edition): void;
}

/** How often a source was purged, and how often its crops without a focus were dropped. */
export interface Edition {
  readonly purges: number;
  readonly drops: number;
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
  const purges = createLru<number>(10_000);
  const drops = createLru<number>(10_000);
  const editionOf = (key: string): Edition => ({ purges: purges.get(key) ?? 0, drops: drops.get(key) ?? 0 });
  /** Writes that have begun, by source. */
  const writes = new Map<string, Set<Promise<unknown>>>();
  const isOld = (variant: Variant, since: Edition): boolean => {
    const now = editionOf(variant.key);
    return now.purges !== since.purges || (now.drops !== since.drops && lacksFocus(variant));
  };

  function keep(variant: Variant, entry: Entry, lane: Lane, since: Edition): void {
    if (isOld(variant, since)) return;
    // Memory is for what readers request: a publish of a thousand photographs must not evict it.
    if (lane === "live" || hot.get(variant) !== undefined) hot.set(variant, entry);
    background.run("store a variant", async () => {
      // The response first: it is written in this turn of the event loop.
      if (lane === "live") await setImmediate();
      await store(variant, entry, lane, since);
    });
  }

  /** Clients that enumerate q and w get a limited share of the disk. The variants that a publish warms are published right after. */
  async function store(variant: Variant, entry: Entry, lane: Lane, since: Edition): Promise<void> {
    const { key } = variant;
    if (isOld(variant, since)) return;
    const isStored = await seen(key, cache.write(variant, entry));
    if (isStored && lane === "live" && !isOld(variant, since)) await share.hold(key, cache.nameOf(variant));
  }

  async function seen<T>(key: string, write: Promise<T>): Promise<T> {
    const ofSource = writes.get(key) ?? new Set();
    writes.set(key, ofSource.add(write));
    try {
      return await write;
    } finally {
      ofSource.delete(write);
      if (ofSource.size === 0) writes.delete(key);
    }
  }

  /** A deletion does not see the files of writes that have begun before it. A hung volume is not waited for: it ends them. */
  async function written(key: string): Promise<void> {
    await Promise.allSettled(writes.get(key) ?? []);
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
    editionOf,
    keep,
    isCurrent,
    find(variant) {
      const held = hot.get(variant);
      return held === undefined ? readOnce(variant) : Promise.resolve(held);
    },
    async findSuiting(variant, suits) {
      const held = hot.get(variant);
      if (held !== undefined && suits(held.meta)) return held;
      const stored = await cache.read(variant);
      if (stored === undefined || !suits(stored.meta)) return undefined;
      if (held !== undefined) hot.set(variant, stored);
      return stored;
    },
    async hasSuiting(variant, suits) {
      const held = hot.get(variant);
      if (held !== undefined && suits(held.meta)) return true;
      const stored = await cache.readMeta(variant);
      return stored !== undefined && suits(stored);
    },
    async findStored(variant, validator) {
      const stored = await cache.read(variant);
      // It may have been made, and not be stored yet, while the disk was read.
      const found = stored !== undefined && isCurrent(stored.meta, validator) ? stored : hot.get(variant);
      if (found === undefined || !isCurrent(found.meta, validator)) return undefined;
      hot.set(variant, found);
      return found;
    },
    written,
    async purge(key) {
      purges.set(key, editionOf(key).purges + 1);
      hot.purge(key);
      await written(key);
      const deleted = await cache.purge(key);
      // A reader may have read an entry from the disk just before it was deleted.
      hot.purge(key);
      return deleted;
    },
    async dropCrops(key) {
      drops.set(key, editionOf(key).drops + 1);
      await written(key);
      const crops = ((await cache.entriesOf(key)) ?? []).filter(isUnfocusedCrop);
      await cache.evict(crops, crops.length);
      hot.purge(key);
    },
  };
}
