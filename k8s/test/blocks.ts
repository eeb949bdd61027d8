import { isIPv4, isIPv6 } from "node:net";

/** What a policy allows for addresses outside the cluster. */
export interface Block {
  readonly cidr: string;
  readonly except?: readonly string[];
}

/**
 * How the API server, which is written in Go, reads a block of addresses.
 * Go reads `::ffff:0:0/96` as 0.0.0.0/0: https://pkg.go.dev/net#ParseCIDR
 */
export function blockProblems({ cidr, except = [] }: Block): string[] {
  const whole = parseNetwork(cidr);
  if (typeof whole === "string") return [whole];
  return except.flatMap((text) => {
    const part = parseNetwork(text);
    if (typeof part === "string") return [part];
    return isWithin(part, whole) ? [] : [`${text} is not a part of ${cidr}`];
  });
}

interface Network {
  readonly width: 32 | 128;
  readonly bits: number;
  /** The address without the bits that the mask hides. */
  readonly prefix: bigint;
}

function isWithin(inner: Network, outer: Network): boolean {
  if (inner.width !== outer.width || inner.bits <= outer.bits) return false;
  return inner.prefix >> BigInt(inner.bits - outer.bits) === outer.prefix;
}

/** The network, or the fault in its text. */
function parseNetwork(text: string): Network | string {
  const [address = "", digits = ""] = text.split("/");
  if (!(isIPv4(address) || isIPv6(address)) || !/^\d+$/.test(digits))
    return `${text} is no block of addresses`;
  const width = isIPv4(address) ? 32 : 128;
  const bits = Number(digits);
  if (bits > width) return `${text} has more bits than an address`;
  const value = numberOf(address);
  if (width === 128 && value >> 32n === 0xffffn)
    return `${text} is IPv4 in IPv6's clothes, which Go reads as IPv4`;
  const prefix = value >> BigInt(width - bits);
  if (prefix << BigInt(width - bits) !== value) return `${text} has bits that its mask hides`;
  return { width, bits, prefix };
}

function numberOf(address: string): bigint {
  if (isIPv4(address)) return join(address.split(".").map(Number), 8n);
  // As in URLs: in the shortest form, and everything in hex.
  const [head = [], tail] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split("::")
    .map((half) => half.split(":").filter(Boolean));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const words = [...head, ...Array<string>(zeros).fill("0"), ...(tail ?? [])];
  return join(
    words.map((word) => Number.parseInt(word, 16)),
    16n,
  );
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
