import { type BlockList, isIP } from "node:net";

/**
 * Who asks, by address: the last hop of `X-Forwarded-For` that is no proxy of ours. What stands before it a client can
 * write itself, so it is believed only hop by hop.
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: BlockList): string {
  const hops = [...(forwardedFor?.split(",") ?? []), peer].map((hop) => hop.trim());
  const client = hops.findLast((hop, index) => index === 0 || !isTrusted(hop, trusted));
  return network(client ?? peer);
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const family = isIP(plain);
  return family !== 0 && trusted.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/** One household has a /64 of IPv6: counting addresses there would give it 2^64 budgets. */
function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
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
