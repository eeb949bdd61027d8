import { opendir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

/**
 * Lists keys in the folder of a missing key, to find a typing mistake; if the folder does not exist, the first keys of all. At
 * most {@link MOST_SIBLINGS}; none if a source cannot or may not list.
 */
export type ListSiblings = (key: string, signal: AbortSignal) => Promise<readonly string[]>;

export const MOST_SIBLINGS = 1_000;

export const noSiblings: ListSiblings = async () => [];

/** For a source that can list the keys with a prefix, at any depth or in one folder. */
export function siblingsBy(
  list: (prefix: string, depth: "folder" | "all", signal: AbortSignal) => Promise<readonly string[]>,
): ListSiblings {
  return async (key, signal) => {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const beside = await list(folder, "folder", signal);
    return beside.length > 0 ? beside : list("", "all", signal);
  };
}

/** For a folder of photographs; links are not followed. */
export function listFolderSiblings(root: string): ListSiblings {
  return siblingsBy(async (prefix, depth, signal) => {
    const base = await realpath(root);
    const folder = await realpath(join(base, prefix)).catch(() => undefined);
    if (folder === undefined || !`${folder}${sep}`.startsWith(`${base}${sep}`)) return [];
    const keys: string[] = [];
    for await (const entry of await opendir(folder, { recursive: depth === "all" })) {
      signal.throwIfAborted();
      if (entry.isFile()) keys.push(join(entry.parentPath, entry.name).slice(base.length + 1));
      if (keys.length === MOST_SIBLINGS) break;
    }
    return keys;
  });
}

/** For several sources, each with its own prefix. */
export function listPrefixSiblings(
  sources: readonly { readonly prefix: string; readonly neighbours: ListSiblings }[],
): ListSiblings {
  return async (key, signal) => {
    const found = sources.find(({ prefix }) => key.startsWith(prefix));
    const keys = (await found?.neighbours(key.slice(found.prefix.length), signal)) ?? [];
    return keys.map((one) => `${found?.prefix ?? ""}${one}`);
  };
}
