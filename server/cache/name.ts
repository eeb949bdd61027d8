import { hash } from "node:crypto";
import { join } from "node:path";
import type { Variant } from "./cache.ts";

/** The folder of this version of the entry format: replicas with another format can use another folder beside it. */
export const SCHEMA_FOLDER = "v1";

/** Part of each hash, so that names stay as the first release has them. How images look is in the entries (encode/look.ts). */
const NAMES = 1;

/** Prefix of a temporary file. */
export const TEMPORARY = ".tmp-";

/** Hex digits of a source's hash, with which all names of a source start. Keys are never part of a path. */
const HASH_DIGITS = 32;

/** The last one: a publish names dozens of variants of each photograph in a row. */
let last = { text: "", hash: "" };

/** A source's hash; `namespace` keeps apart two storages with the same keys. */
export function sourceHash(key: string, namespace: string): string {
  const text = `${NAMES}\n${namespace}\n${key}`;
  if (text !== last.text) last = { text, hash: hash("sha256", text, "hex").slice(0, HASH_DIGITS) };
  return last.hash;
}

/**
 * The file name of a variant: `<source hash>.<width, or 0>.<quality>.<class>`. The class of one that is cropped has
 * `-40x21` behind it, or `-40x21-30x70` with a focus: to releases that know no crop it is a class like any other.
 */
export function variantName(
  { key, width, quality, class: of, ratio, focus }: Variant,
  namespace: string,
): string {
  const crop = ratio === undefined ? "" : `-${ratio.replace(":", "x")}`;
  const point = focus === undefined ? "" : `-${focus.replace(",", "x")}`;
  return `${sourceHash(key, namespace)}.${width ?? 0}.${quality}.${of}${crop}${point}`;
}

/** Whether a variant is cropped and names no focus, by its file name: it shows the focus that the source entry had. */
export function isUnfocusedCrop(name: string): boolean {
  return /\.[a-z-]+-\d+x\d+$/.test(name);
}

/** The file name of a source entry. */
export function recordName(key: string, namespace: string): string {
  return `${sourceHash(key, namespace)}.source`;
}

/** The file name of a source's lease. To sweeps it is a temporary file: they delete it an hour later. */
export function leaseName(key: string, namespace: string): string {
  return `${TEMPORARY}${sourceHash(key, namespace)}`;
}

/** Whether a file name is one of the cache's: a variant, also of a class that a later version writes, or a source entry. */
export function isEntryName(name: string): boolean {
  return /^[0-9a-f]{32}\.(?:source|[0-9]{1,4}\.[0-9]{1,3}\.[a-z0-9-]{1,32})$/.test(name);
}

/** Path of a file, such as `v1/3f/a0/3fa0….800.55.auto-aw`: a purge and a limit per source need one readdir. */
export function pathParts(name: string): readonly [string, string, string, string] {
  return [SCHEMA_FOLDER, name.slice(0, 2), name.slice(2, 4), name];
}

/** Absolute path of a file below the cache's folder. */
export function pathOf(root: string, name: string): string {
  return join(root, ...pathParts(name));
}
