import type { CachedAnswer } from "../../contract/studio.ts";
import type { VariantCache } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import type { Published } from "../published/published.ts";

/**
 * The variants of a photograph that are on disk, narrowest first.
 * @throws Problem `busy` if the cache volume does not answer.
 */
export async function cachedVariants(
  {
    cache,
    published,
  }: { readonly cache: Pick<VariantCache, "entriesOf">; readonly published: Pick<Published, "isPinned"> },
  key: string,
): Promise<CachedAnswer> {
  const names = await cache.entriesOf(key);
  if (names === undefined) throw new Problem("busy", { cause: new Error("the cache volume cannot be read") });
  const variants = names.flatMap((name) => {
    // The form is that of cache/name.ts.
    const [, width, quality, of] = /^[0-9a-f]+\.(\d+)\.(\d+)\.(.+)$/.exec(name) ?? [];
    if (of === undefined) return [];
    const isPublished = published.isPinned(name);
    return [
      { ...(width !== "0" && { width: Number(width) }), quality: Number(quality), class: of, isPublished },
    ];
  });
  return { variants: variants.toSorted((a, b) => (a.width ?? 0) - (b.width ?? 0) || a.quality - b.quality) };
}
