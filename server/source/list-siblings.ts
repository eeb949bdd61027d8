import { opendir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

/**
 * Keys beside a key that is not there, for who publishes and has mistyped it: those of its folder, or the first of all
 * where there is no such folder. At most {@link MOST_SIBLINGS}; none where a source cannot or may not list.
 */
export type ListSiblings = (key: string, signal: AbortSignal) => Promise<readonly string[]>;

export const MOST_SIBLINGS = 1_000;

export const noSiblings: ListSiblings = async () => [];

/** Of a source that lists the keys with a prefix, the whole depth or one folder of it. */
export function siblingsBy(
  list: (prefix: string, depth: "folder" | "all", signal: AbortSignal) => Promise<readonly string[]>,
): ListSiblings {
  return async (key, signal) => {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const beside = await list(folder, "folder", signal);
    return beside.length > 0 ? beside : list("", "all", signal);
  };
}

/** Of a folder of photographs; links are not followed. */
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

/** Of several sources, each with its own keys below a prefix. */
export function listPrefixSiblings(
  sources: readonly { readonly prefix: string; readonly neighbours: ListSiblings }[],
): ListSiblings {
  return async (key, signal) => {
    const found = sources.find(({ prefix }) => key.startsWith(prefix));
    const keys = (await found?.neighbours(key.slice(found.prefix.length), signal)) ?? [];
    return keys.map((one) => `${found?.prefix ?? ""}${one}`);
  };
}
