import { formatQuery, type ImageRequest } from "./request.ts";
import { sign } from "./signature.ts";

/**
 * The URL of an image on a proxy, signed where there is a key.
 * @param endpoint where readers reach the proxy; it may have a path, and a slash at its end or not.
 */
export function formatUrl(endpoint: string, request: ImageRequest, key?: string): string {
  const asked = key === undefined ? request : { ...request, signature: sign(request, key) };
  return `${endpoint.replace(/\/+$/, "")}/?${formatQuery(asked)}`;
}
