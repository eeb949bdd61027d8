import { LRUCache } from "lru-cache";
import type { VariantClass } from "../../contract/formats.ts";
import { type ImageRequest, parseQuery } from "../../contract/url/request.ts";
import { type EntryMeta, type Variant, variantOf } from "../cache/cache.ts";
import type { Answer } from "../http/response.ts";
import { negotiate } from "./negotiate.ts";
import type { Known } from "./revalidate.ts";

/** One query, parsed once. */
export interface RememberedUrl {
  readonly asked: ImageRequest;
  /** The edition of the access rules under which it was allowed. */
  allowedBy: unknown;
  readonly variants: Map<VariantClass, RememberedVariant>;
}

/**
 * One variant as one URL requests it, with its prepared responses. They are valid while `meta` and `known` are the objects that
 * they were made from, so no invalidation is needed. Bodies are not kept here: the memory cache decides about them.
 */
export interface RememberedVariant {
  readonly asked: ImageRequest;
  /** Always the same object, for which the memory cache remembers the name. */
  readonly variant: Variant;
  meta?: EntryMeta;
  /** The source's last answer. */
  known?: Known | undefined;
  /** Until this time the source need not be asked, in milliseconds of the monotonic clock. */
  freshUntil: number;
  /** The 200, without its body. */
  whole?: Answer | undefined;
  /** The 304. */
  unchanged?: Answer | undefined;
}

/** Parsed URLs, so that a hit needs no parsing. */
export interface UrlMemo {
  /** @throws InvalidRequest */
  find(query: string): RememberedUrl;
  /** The variant of a URL for a reader with this `Accept`. */
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
      // A site's own URLs are short; long URLs of strangers must not fill the memory.
      if (query.length <= 512) urls.set(query, made);
      return made;
    },
    variantFor({ asked, variants }, accept) {
      const { format } = asked;
      const of = negotiate(accept, format === "json" ? undefined : format);
      const known = variants.get(of);
      if (known !== undefined) return known;
      const variant = variantOf(asked, of, defaultQuality);
      const made: RememberedVariant = { asked, variant, freshUntil: 0 };
      variants.set(of, made);
      return made;
    },
  };
}
