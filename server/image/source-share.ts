import type { VariantCache } from "../cache/cache.ts";
import type { Published } from "../published/published.ts";

/** Keeps one source's unpublished variants within a share of the disk: `MAX_VARIANTS`. */
export interface SourceShare {
  /**
   * To be called after a variant was stored. Where its source has too many that no site has published, the longest unused
   * of those go. Published variants are neither counted nor deleted; while a published set cannot be read any variant may
   * be one, and then only the new one goes.
   * @param name of its entry, as {@link VariantCache.nameOf}.
   */
  hold(key: string, name: string): Promise<void>;
}

/** So much of the share goes at once, or each new variant would have all the others' ages read. */
const BATCH = 1 / 16;

export function createSourceShare(parts: {
  readonly cache: Pick<VariantCache, "entriesOf" | "evict">;
  readonly published: Pick<Published, "isPinned" | "isComplete" | "refresh">;
  /** Unpublished variants of one source. */
  readonly most: number;
}): SourceShare {
  const { cache, published, most } = parts;
  /** One after the other for each source: two that look at once would each delete what the other has just stored. */
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

  /** None where the volume does not say. */
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
