import { type BlockList, isIP } from "node:net";

/** Maximum number of hops that are read; a header can name thousands. */
const MOST_PROXIES = 16;

/** Length of the longest IPv6 address; other texts are cut to it. */
const MOST_LETTERS = 45;

/**
 * Client address: the right-most hop of `X-Forwarded-For` that is not a trusted proxy. Everything left of it is controlled by the
 * client, so each hop is trusted only if the one after it is.
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: BlockList): string {
  let client = peer.trim();
  let left = forwardedFor ?? undefined;
  for (
    let proxies = 0;
    left !== undefined && proxies < MOST_PROXIES && isTrusted(client, trusted);
    proxies++
  ) {
    const comma = left.lastIndexOf(",");
    client = withoutPort(left.slice(comma + 1).trim());
    left = comma === -1 ? undefined : left.slice(0, comma);
  }
  return network(client.slice(0, MOST_LETTERS));
}

/** Whether an address is that of a trusted proxy. */
export function isTrusted(address: string, trusted: BlockList): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && trusted.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/** Some proxies add the port, `1.2.3.4:5` and `[2001:db8::1]:5`, which changes with every connection. */
function withoutPort(hop: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\]|([\d.]{7,15}))(?::\d{1,5})?$/.exec(hop) ?? [];
  return ipv6 ?? ipv4 ?? hop;
}

/** Without a zone; an IPv4-mapped IPv6 address, in any spelling, is the IPv4 address. */
function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "");
  if (isIP(bare) !== 6) return address;
  const [, high, low] =
    /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${bare}]`).hostname) ?? [];
  if (high === undefined || low === undefined) return bare;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join(".");
}

/** One household has an IPv6 /64: counting single addresses would give it 2^64 budgets. */
function network(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail = ""] = plain.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === "" ? [] : tail.split(":");
  const zeros = plain.includes("::") ? Array(8 - groups.length - rest.length).fill("0") : [];
  return `${[...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
