import type { ManifestImage } from "../contract/manifest.ts";
import { formatQuery, type ImageRequest } from "../contract/url/request.ts";
import { formatUrl, queryUrl } from "../contract/url/url.ts";

/** The requests of the pages, each once. */
export interface Plan {
  /** By canonical query. */
  readonly requests: ReadonlyMap<string, ImageRequest>;
  /** URLs as in the pages; sorted. */
  readonly urls: readonly string[];
}

export interface PlannedUse {
  readonly key: string;
  /** The page's endpoint. */
  readonly endpoint: string;
  candidates(image: ManifestImage | undefined): { readonly all: readonly ImageRequest[] };
}

/**
 * @param images content of the manifest that Hugo will read.
 * @param signatureKey key that signs the URLs.
 */
export function planRequests(
  uses: Iterable<PlannedUse>,
  images: ReadonlyMap<string, ManifestImage>,
  signatureKey: string | undefined,
): Plan {
  const requests = new Map<string, ImageRequest>();
  const urls = new Set<string>();
  for (const use of uses) {
    for (const request of use.candidates(images.get(use.key)).all) {
      const query = formatQuery(request);
      requests.set(query, request);
      urls.add(
        signatureKey === undefined
          ? queryUrl(use.endpoint, query)
          : formatUrl(use.endpoint, request, signatureKey),
      );
    }
  }
  return { requests, urls: [...urls].sort() };
}
