import type { Answer } from "../proxy/client.ts";

/** What a response says about the caches on its way. */
export interface CacheWord {
  /** Whether it came from a cache on the way, not from the proxy. */
  readonly hit: boolean;
  /** The header about a cache, such as `CF-Cache-Status: DYNAMIC`; absent if no cache sent one. */
  readonly said?: string;
}

/** Headers of CDNs and proxies: Cloudflare; CloudFront, Fastly, Akamai, Azure, nginx; Vercel; Bunny; KeyCDN. */
const headers = [
  "CF-Cache-Status",
  "X-Cache",
  "X-Cache-Status",
  "X-Vercel-Cache",
  "CDN-Cache",
  "X-Proxy-Cache",
  "X-Edge-Cache",
] as const;

/** Values of these headers for a response from a cache, even if it was revalidated since. */
const kept = /hit(?!-for)|^(?:stale|updating|revalidated|expired)\b/i;

export function cacheWord(answer: Answer): CacheWord {
  const words = headers
    .map((name) => [name, answer.header(name.toLowerCase())] as const)
    .filter(([, value]) => value !== "");
  // RFC 9211: each cache on the way adds a member; the proxy's own member is ignored.
  const members = answer
    .header("cache-status")
    .split(/,\s*/)
    .filter((member) => member !== "" && !member.startsWith("imgproxy-lite"));
  const hit =
    Number(answer.header("age")) > 0 ||
    words.some(([, value]) => kept.test(value)) ||
    members.some((member) => /;\s*hit\b/i.test(member));
  const [first] = words;
  const said = first !== undefined ? first.join(": ") : members[0] && `Cache-Status: ${members[0]}`;
  return { hit, ...(said !== undefined && said !== "" && { said }) };
}

/** Advice how to let a CDN cache images, if it has cached none. @param said headers of all responses that were requested twice. */
export function uncachedWords(said: ReadonlySet<string>): string {
  const seen =
    said.size === 0 ? "no response had a header about a cache" : [...said].sort().slice(0, 3).join("; ");
  return `no response came from a cache, although each URL was requested twice (${seen}): ${remedy(said)}`;
}

function remedy(said: ReadonlySet<string>): string {
  const all = [...said].join("\n");
  if (/CF-Cache-Status: (?:DYNAMIC|NONE)/i.test(all))
    return "Cloudflare caches only URLs whose path ends in an image's extension, and these URLs have none: add a Cache Rule that makes this address eligible for cache";
  if (/CF-Cache-Status: BYPASS/i.test(all))
    return "a rule or a cookie prevents caching at Cloudflare: make this address eligible for cache, and respect the origin's Cache-Control";
  if (said.size > 0)
    return "let the CDN cache this address as its Cache-Control says, with the whole query in the cache key";
  return "if there should be a CDN, the host name does not lead through it, or it caches nothing and sends no header";
}
