import type { VariantCache } from "../../cache/cache.ts";
import { createLru } from "../../concurrency/lru.ts";
import type { Published } from "../../published/published.ts";

/** Limits one source's unpublished variants on disk: `MAX_VARIANTS`. */
export interface SourceShare {
  /**
   * Call it after a variant was stored. If its source has too many unpublished variants, the least recently used of them are
   * deleted. Published variants are neither counted nor deleted. While a published set cannot be read, any variant may belong to
   * it; then only the new one is deleted.
   * @param name of its entry, as {@link VariantCache.nameOf}.
   */
  hold(key: string, name: string): Promise<void>;
}

/** Number deleted together; otherwise each new variant would need the ages of all others. */
const BATCH = 1 / 16;

/**
 * A source is not looked at for each new variant: after a look, this process may store an eighth of what there is room for before
 * the next one. So eight replicas together stay below the limit.
 */
const UNSEEN = 1 / 8;

/** Within it, another look also notices variants that are no longer published. */
const UNSEEN_MS = 60_000;

export function createSourceShare(parts: {
  readonly cache: Pick<VariantCache, "entriesOf" | "evict">;
  readonly published: Pick<Published, "isPinned" | "isComplete" | "refresh">;
  /** Unpublished variants of one source. */
  readonly most: number;
}): SourceShare {
  const { cache, published, most } = parts;
  /** One at a time for each source: two in parallel would each delete the variant that the other has just stored. */
  const turns = new Map<string, Promise<void>>();
  /** Variants that may be stored before the next look, by source. */
  const unseen = createLru<number>(10_000, UNSEEN_MS);

  async function makeRoom(key: string, name: string): Promise<void> {
    const stored = await unpublishedOf(key);
    if (stored === undefined) return;
    const room = most - stored.length;
    unseen.set(key, Math.max(0, Math.floor(UNSEEN * room)));
    if (room >= 0) return;
    // Another replica may have published a moment ago.
    const isKnown = await published.refresh().then(
      () => published.isComplete,
      () => false,
    );
    if (published.isPinned(name)) return;
    if (!isKnown || most === 0) return void (await cache.evict([name], 1));
    const unpublished = (await unpublishedOf(key)) ?? [];
    if (unpublished.length <= most) return;
    const others = unpublished.filter((other) => other !== name);
    await cache.evict(others, unpublished.length - most + Math.floor(BATCH * most));
  }

  /** Undefined if the volume does not answer. */
  async function unpublishedOf(key: string): Promise<readonly string[] | undefined> {
    return (await cache.entriesOf(key))?.filter((name) => !published.isPinned(name));
  }

  return {
    async hold(key, name) {
      if (published.isPinned(name)) return;
      const left = unseen.get(key) ?? 0;
      if (left > 0) return void unseen.set(key, left - 1, { noUpdateTTL: true });
      const turn = (turns.get(key) ?? Promise.resolve()).then(() => makeRoom(key, name));
      const settled = turn.catch(() => undefined);
      turns.set(key, settled);
      await settled;
      if (turns.get(key) === settled) turns.delete(key);
      await turn;
    },
  };
}
