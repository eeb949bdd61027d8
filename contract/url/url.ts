import { formatQuery, type ImageRequest } from "./request.ts";
import { sign } from "./signature.ts";

/**
 * The URL of an image on a proxy, signed where there is a key.
 * @param endpoint where readers reach the proxy; it may have a path, and a slash at its end or not.
 */
export function formatUrl(endpoint: string, request: ImageRequest, key?: string): string {
  const asked = key === undefined ? request : { ...request, signature: sign(request, key) };
  return queryUrl(endpoint, formatQuery(asked));
}

/** The URL of a canonical query on a proxy. */
export function queryUrl(endpoint: string, query: string): string {
  return `${trimSlashes(endpoint)}/?${query}`;
}

/** Without the slashes at its end. */
export function trimSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  return url.slice(0, end);
}
