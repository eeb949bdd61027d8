import { isLive, readKeys, type SetPlace } from "./read-set.ts";
import type { SetFile } from "./reader.ts";

/**
 * The sets that say what posts use now: the newest of each site, and its previews. A site's older sets are kept for pages in the
 * caches of others.
 */
export function currentSets(files: readonly SetFile[], now: number): readonly SetFile[] {
  const sites = new Set<string>();
  return files
    .toSorted((a, b) => b.made - a.made)
    .filter(({ site, set }) => {
      if (set === undefined || !isLive(set, now)) return false;
      if (set.until !== undefined) return true;
      const isNewest = !sites.has(site);
      sites.add(site);
      return isNewest;
    });
}

/**
 * What sets name in one folder: keys, and folders directly below with their slash. It is read from the volume, as memory has only
 * hashes; a key that several sites use comes several times.
 * @param sets of that volume.
 * @param folder empty, or a name with its slash.
 * @throws as {@link readKeys} does.
 */
export async function* usedNames(
  sets: readonly SetFile[],
  folder: string,
  volume: Pick<SetPlace, "folder" | "withVolume">,
): AsyncGenerator<string> {
  const folders = new Set<string>();
  for (const { site, name } of sets)
    for await (const key of await readKeys({ ...volume, site, name })) {
      if (!key.startsWith(folder)) continue;
      const slash = key.indexOf("/", folder.length);
      const below = key.slice(0, slash + 1);
      if (slash === -1) yield key;
      else if (!folders.has(below)) yield below;
      folders.add(below);
    }
}
