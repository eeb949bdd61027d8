import { createHash } from "node:crypto";
import type { Variant } from "./cache.ts";

/** The folder that this schema of entries lives in: another schema's replicas can work beside it. */
export const SCHEMA_FOLDER = "v1";

/**
 * Bump by hand when variants should look different (a new quality table, another filter): old entries are then never
 * found and leave by GC. Library versions are not in it: an upgrade does not empty the cache.
 */
const LOOK = 1;

/** Starts the name of a file that is not an entry yet. */
export const TEMPORARY = ".tmp-";

/** Hex digits of a source's hash: what all names of a source start with. Keys are never part of a path. */
const HASH_DIGITS = 32;

/** The last one: a publish names dozens of variants of each photograph, one after the other. */
let last = { text: "", hash: "" };

/** A source's hash; `namespace` keeps two storages apart that have keys in common. */
export function sourceHash(key: string, namespace: string): string {
  const text = `${LOOK}\n${namespace}\n${key}`;
  if (text !== last.text)
    last = { text, hash: createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS) };
  return last.hash;
}

/** The file name of a variant: `<source hash>.<width, or 0>.<quality>.<class>`. */
export function variantName(variant: Variant, namespace: string): string {
  const hash = sourceHash(variant.key, namespace);
  return `${hash}.${variant.width ?? 0}.${variant.quality}.${variant.class}`;
}

/** The file name of what is known of a source. */
export function recordName(key: string, namespace: string): string {
  return `${sourceHash(key, namespace)}.source`;
}

/** Whether a file name is one of ours: a variant, also of a class that a later version writes, or a source record. */
export function isEntryName(name: string): boolean {
  return /^[0-9a-f]{32}\.(?:source|[0-9]{1,4}\.[0-9]{1,3}\.[a-z0-9-]{1,32})$/.test(name);
}

/** Where a file lies, such as `v1/3f/a0/3fa0….800.55.auto-aw`: purge and caps are one readdir. */
export function pathParts(name: string): readonly [string, string, string, string] {
  return [SCHEMA_FOLDER, name.slice(0, 2), name.slice(2, 4), name];
}
