import { LRUCache } from "lru-cache";
import type { VariantClass } from "../../contract/formats.ts";
import { type ImageRequest, parseQuery } from "../../contract/request.ts";
import type { EntryMeta, Variant } from "../cache/cache.ts";
import type { Answer } from "../http/response.ts";
import { negotiate } from "./negotiate.ts";
import type { Known } from "./revalidate.ts";

/** One query, parsed once. */
export interface RememberedUrl {
  readonly asked: ImageRequest;
  /** The edition of the access rules that allowed it. */
  allowedBy: unknown;
  readonly variants: Map<VariantClass, RememberedVariant>;
}

/**
 * One variant as one URL asks for it, with the answers that it had. They hold while `meta` and `known` are what they
 * were made from, so nothing has to announce a change. Bodies are not held: what leaves the memory cache leaves memory.
 */
export interface RememberedVariant {
  readonly asked: ImageRequest;
  /** Always the same object: the memory cache remembers its name. */
  readonly variant: Variant;
  meta?: EntryMeta;
  /** What the source last said. */
  known?: Known | undefined;
  /** Until then the source need not be asked, in milliseconds of the monotonic clock. */
  freshUntil: number;
  /** The 200, without its body. */
  whole?: Answer | undefined;
  /** The 304. */
  unchanged?: Answer | undefined;
}

/** What URLs ask for: a hit costs no parsing. */
export interface UrlMemo {
  /** @throws InvalidRequest */
  find(query: string): RememberedUrl;
  /** What a reader with this `Accept` gets of a URL. */
  variantFor(url: RememberedUrl, accept: string | undefined): RememberedVariant;
}

/** @param defaultQuality for `w` or `fm` without `q`. */
export function createUrlMemo(defaultQuality: number): UrlMemo {
  const urls = new LRUCache<string, RememberedUrl>({ max: 5_000 });
  return {
    find(query) {
      const known = urls.get(query);
      if (known !== undefined) return known;
      const made: RememberedUrl = { asked: parseQuery(query), allowedBy: undefined, variants: new Map() };
      // A site's own URLs are short; a stranger's long ones must not fill the memory.
      if (query.length <= 512) urls.set(query, made);
      return made;
    },
    variantFor({ asked, variants }, accept) {
      const { key, width, quality = defaultQuality, format } = asked;
      const of = negotiate(accept, format === "json" ? undefined : format);
      const known = variants.get(of);
      if (known !== undefined) return known;
      const variant = { key, quality, class: of, ...(width !== undefined && { width }) };
      const made: RememberedVariant = { asked, variant, freshUntil: 0 };
      variants.set(of, made);
      return made;
    },
  };
}
