import { type List, MOST_LISTED } from "./list.ts";

/**
 * Lists keys in the folder of a missing key, to find a typing mistake; if the folder has none, the first keys of the source.
 * At most {@link MOST_LISTED}. @throws as a {@link List} does.
 */
export type ListSiblings = (key: string, signal: AbortSignal) => Promise<readonly string[]>;

export function siblingsFrom(list: List): ListSiblings {
  const keysIn = async (folder: string, deep: boolean, signal: AbortSignal): Promise<string[]> => {
    const { objects } = await list({ folder, deep, most: MOST_LISTED }, signal);
    return objects.map(({ key }) => key);
  };
  return async (key, signal) => {
    const beside = await keysIn(key.slice(0, key.lastIndexOf("/") + 1), false, signal);
    return beside.length > 0 ? beside : keysIn("", true, signal);
  };
}

/** For several sources, each with its own prefix. */
export function siblingsOf(
  sources: readonly { readonly prefix: string; readonly neighbours: ListSiblings }[],
): ListSiblings {
  return async (key, signal) => {
    const found = sources.find(({ prefix }) => key.startsWith(prefix));
    const keys = (await found?.neighbours(key.slice(found.prefix.length), signal)) ?? [];
    return keys.map((one) => `${found?.prefix ?? ""}${one}`);
  };
}
