import { createHmac, timingSafeEqual } from "node:crypto";
import { formatQuery, type ImageRequest } from "./request.ts";

/**
 * `s`: HMAC-SHA256 over `"v1\n"` and the canonical query without `s` (`v` included), first 32 hex digits.
 * In a template: `substr (hmac "sha256" $key (printf "v1\n%s" $query)) 0 32`.
 */
export function sign(request: ImageRequest, key: string): string {
  const { signature: _, ...unsigned } = request;
  return createHmac("sha256", key)
    .update(`v1\n${formatQuery(unsigned)}`)
    .digest("hex")
    .slice(0, 32);
}

/** Whether one of the valid keys made the request's signature; in constant time, whichever key it is. */
export function verify(request: ImageRequest, keys: readonly string[]): boolean {
  const given = Buffer.from(request.signature ?? "");
  return keys
    .map((key) => {
      const expected = Buffer.from(sign(request, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    })
    .includes(true);
}
