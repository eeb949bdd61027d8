import type { ManifestImage } from "../contract/manifest.ts";
import { formatQuery, type ImageRequest } from "../contract/request.ts";
import { formatUrl } from "../contract/url.ts";

/** What the pages ask of the proxy, each request once. */
export interface Plan {
  /** By canonical query. */
  readonly requests: ReadonlyMap<string, ImageRequest>;
  /** As the pages have them; sorted. */
  readonly urls: readonly string[];
}

export interface PlannedUse {
  readonly key: string;
  /** Where the page's readers reach the proxy. */
  readonly endpoint: string;
  candidates(image: ManifestImage | undefined): { readonly all: readonly ImageRequest[] };
}

/**
 * @param images what the manifest will say when Hugo reads it.
 * @param signatureKey of the URLs.
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
      requests.set(formatQuery(request), request);
      urls.add(formatUrl(use.endpoint, request, signatureKey));
    }
  }
  return { requests, urls: [...urls].sort() };
}
