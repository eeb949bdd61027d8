import type { VariantCache } from "../../cache/cache.ts";
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

export function createSourceShare(parts: {
  readonly cache: Pick<VariantCache, "entriesOf" | "evict">;
  readonly published: Pick<Published, "isPinned" | "isComplete" | "refresh">;
  /** Unpublished variants of one source. */
  readonly most: number;
}): SourceShare {
  const { cache, published, most } = parts;
  /** One at a time for each source: two in parallel would each delete the variant that the other has just stored. */
  const turns = new Map<string, Promise<void>>();

  async function makeRoom(key: string, name: string): Promise<void> {
    if ((await unpublishedOf(key)).length <= most) return;
    // Another replica may have published a moment ago.
    const isKnown = await published.refresh().then(
      () => published.isComplete,
      () => false,
    );
    if (published.isPinned(name)) return;
    if (!isKnown || most === 0) return void (await cache.evict([name], 1));
    const unpublished = await unpublishedOf(key);
    if (unpublished.length <= most) return;
    const others = unpublished.filter((other) => other !== name);
    await cache.evict(others, unpublished.length - most + Math.floor(BATCH * most));
  }

  /** Empty if the volume does not answer. */
  async function unpublishedOf(key: string): Promise<readonly string[]> {
    return ((await cache.entriesOf(key)) ?? []).filter((name) => !published.isPinned(name));
  }

  return {
    async hold(key, name) {
      if (published.isPinned(name)) return;
      const turn = (turns.get(key) ?? Promise.resolve()).then(() => makeRoom(key, name));
      const settled = turn.catch(() => undefined);
      turns.set(key, settled);
      await settled;
      if (turns.get(key) === settled) turns.delete(key);
      await turn;
    },
  };
}
