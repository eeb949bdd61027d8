import type { Answer } from "./proxy/client.ts";

/** What an answer says of the caches that it came through. */
export interface CacheWord {
  /** From a cache on the way, not from the proxy. */
  readonly hit: boolean;
  /** The header that speaks of a cache, such as `CF-Cache-Status: DYNAMIC`; absent: no cache has said anything. */
  readonly said?: string;
}

/** Headers in which CDNs and proxies say it: Cloudflare; CloudFront, Fastly, Akamai, Azure, nginx; Vercel; Bunny; KeyCDN. */
const headers = [
  "CF-Cache-Status",
  "X-Cache",
  "X-Cache-Status",
  "X-Vercel-Cache",
  "CDN-Cache",
  "X-Proxy-Cache",
  "X-Edge-Cache",
] as const;

/** Words of those headers for an answer that was kept, whatever was done to it since. */
const kept = /hit(?!-for)|^(?:stale|updating|revalidated|expired)\b/i;

export function cacheWord(answer: Answer): CacheWord {
  const words = headers
    .map((name) => [name, answer.header(name.toLowerCase())] as const)
    .filter(([, value]) => value !== "");
  // RFC 9211: each cache on the way adds a member; the proxy's own says nothing of them.
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

/** What lets a CDN keep pictures, where it has kept none. @param said of all answers that were asked for twice. */
export function uncachedWords(said: ReadonlySet<string>): string {
  const seen =
    said.size === 0 ? "no cache has said anything of itself" : [...said].sort().slice(0, 3).join("; ");
  return `no answer came from a cache on the way, although each was asked for twice (${seen}): ${remedy(said)}`;
}

function remedy(said: ReadonlySet<string>): string {
  const all = [...said].join("\n");
  if (/CF-Cache-Status: (?:DYNAMIC|NONE)/i.test(all))
    return "Cloudflare keeps what has a picture's extension in its path, and these URLs have none: add a Cache Rule for this address that makes it eligible for cache";
  if (/CF-Cache-Status: BYPASS/i.test(all))
    return "a rule or a cookie keeps Cloudflare from it: make this address eligible for cache, and let it respect the origin's Cache-Control";
  if (said.size > 0)
    return "let the CDN keep what this address answers, as its Cache-Control says, with the whole query in the key";
  return "if a CDN is meant to be there, the name does not lead through it, or it keeps nothing and says nothing";
}
