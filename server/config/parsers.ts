import { BlockList, isIP } from "node:net";
import { type PublishedField, publishedFields, publishedWords } from "../../contract/meta.ts";

/** One source's address, parsed. */
export type SourceLocation =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "http"; readonly base: URL }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string };

// Each parser throws an Error whose message completes a sentence that begins with the setting's name.

export function text(value: string): string {
  return value;
}

export function count(value: string): number {
  if (/^\d{1,12}$/.test(value)) return Number(value);
  throw new Error("takes a whole number");
}

export function port(value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (number <= 65_535) return number;
  throw new Error("takes a port from 0 to 65535 (0: any free one)");
}

export function toggle(value: string): "on" | "off" {
  if (["on", "true", "1", "yes"].includes(value)) return "on";
  if (["off", "false", "0", "no"].includes(value)) return "off";
  throw new Error("takes on or off");
}

export function choice<const Word extends string>(...words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const word = words.find((known) => known === value);
    if (word !== undefined) return word;
    throw new Error(`takes ${words.join(", ")}`);
  };
}

/** @returns milliseconds. */
export function duration(value: string): number {
  const [, number, unit = ""] = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(value) ?? [];
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (number !== undefined && factor !== undefined) return Number(number) * factor;
  if (value === "0") return 0;
  throw new Error("takes a duration such as 500ms, 10s, 5m, 12h or 30d");
}

/** @returns bytes. */
export function size(value: string): number {
  const [, number, unit = ""] = /^(\d{1,15})(B|[KMGT]iB|[kMGT]B)?$/.exec(value) ?? [];
  const factor = sizes.get(unit);
  if (number !== undefined && factor !== undefined) return Number(number) * factor;
  throw new Error("takes a size such as 512MiB, 10GiB or 1000000 (bytes)");
}

/** Values separated by commas; empty text is an empty list. */
export function list<T>(item: (value: string) => T): (value: string) => readonly T[] {
  return (value) =>
    value
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "")
      .map(item);
}

/** A path with a slash at both ends. */
export function path(value: string): string {
  if (/^\/?[A-Za-z0-9._~/-]*$/.test(value)) return `/${value}/`.replace(/\/+/g, "/");
  throw new Error("takes a path such as /img/");
}

export function sourceUrl(value: string): SourceLocation {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value) ?? [];
  if (scheme === undefined && value !== "") return { kind: "folder", path: value };
  if (scheme === "s3") return s3Location(value);
  if ((scheme === "http" || scheme === "https") && URL.canParse(value)) return httpLocation(value);
  throw new Error("takes a folder, https://base/ or s3://bucket/prefix");
}

/** Addresses and networks; the list can be asked for an address. */
export function networks(value: string): BlockList {
  const known = new BlockList();
  for (const item of list(text)(value)) {
    const [address = "", bits] = item.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most)
      throw new Error("takes addresses or networks with commas: 10.0.0.0/8,::1");
    known.addSubnet(address, prefix, family);
  }
  return known;
}

/** A user and a group by number, as `uid:gid`; empty text means none. */
export function userAndGroup(value: string): { readonly uid: number; readonly gid: number } | undefined {
  if (value === "") return undefined;
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(value) ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new Error("takes two numbers, user and group: 65534:65534");
}

/** One of several sources, with the first part of its keys. */
export function prefixed(item: string): { readonly prefix: string; readonly source: SourceLocation } {
  const [, prefix, source] = /^([^=/]+)=(.+)$/.exec(item) ?? [];
  if (prefix === undefined || source === undefined)
    throw new Error("takes name=source, several with commas: blog=s3://b1,shop=s3://b2/photos");
  return { prefix: `${prefix}/`, source: sourceUrl(source) };
}

export function httpUrl(text: string): string {
  if (/^https?:\/\/[^/?#]*@/.test(text))
    throw new Error("takes no user and password; keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  if (text === "" || /^https?:\/\/[^/?#]+\/?$/.test(text)) return text;
  throw new Error("takes http://host:port or https://host:port");
}

export function quality(text: string): number {
  const value = count(text);
  if (value >= 1 && value <= 100) return value;
  throw new Error("takes a whole number from 1 to 100");
}

export function publishedField(text: string): PublishedField {
  const field = publishedFields.find((name) => name === text);
  if (field !== undefined) return field;
  throw new Error(`takes ${publishedWords(text)}; several with commas`);
}

/** Short ones can be guessed over the network. */
export function token(text: string): string {
  if (text.length >= 16) return text;
  throw new Error("takes at least 16 characters: openssl rand -hex 16");
}

// --- parts ---

const sizes: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ["kB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function s3Location(value: string): SourceLocation {
  const [, bucket, prefix = ""] = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:\/(.*))?$/.exec(value) ?? [];
  if (bucket === undefined && value.includes("@"))
    throw new Error("takes no keys; they are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  if (bucket === undefined) throw new Error("takes s3://bucket or s3://bucket/prefix");
  return { kind: "s3", bucket, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
}

function httpLocation(value: string): SourceLocation {
  const base = new URL(value);
  if (!isDecodable(base.username) || !isDecodable(base.password))
    throw new Error("takes user and password with % as %25, as a URL escapes them");
  if (base.search !== "" || base.hash !== "") throw new Error("takes a base URL without ? and #");
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return { kind: "http", base };
}
