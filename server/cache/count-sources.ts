import { join } from "node:path";
import { SCHEMA_FOLDER } from "./name.ts";

/** Folders looked at on each level: a few hundred reads, whatever the size of the cache. */
const MOST_FIRST = 32;
const MOST_LEAVES = 8;

/**
 * How many sources have entries, by looks at a share of the folders: names are hashes, so any share is like the whole.
 * Exact for a cache of few folders.
 * @param namesIn a folder's names; none where it is not there. What it throws is passed on.
 */
export async function countSources(
  root: string,
  namesIn: (folder: string) => Promise<readonly string[]>,
): Promise<number> {
  const schema = join(root, SCHEMA_FOLDER);
  return estimate(await hashFolders(schema), MOST_FIRST, async (first) =>
    estimate(await hashFolders(first), MOST_LEAVES, async (leaf) => sourcesIn(await namesIn(leaf))),
  );

  async function hashFolders(folder: string): Promise<readonly string[]> {
    const names = await namesIn(folder);
    return names.filter((name) => /^[0-9a-f]{2}$/.test(name)).map((name) => join(folder, name));
  }
}

/** The sum over all, from at most so many of them. */
async function estimate(
  all: readonly string[],
  most: number,
  count: (one: string) => Promise<number>,
): Promise<number> {
  const every = Math.max(1, all.length / most);
  let [sum, looks] = [0, 0];
  for (let at = 0; at < all.length; at += every) {
    sum += await count(all[Math.floor(at)] ?? "");
    looks += 1;
  }
  return looks === 0 ? 0 : (sum * all.length) / looks;
}

function sourcesIn(names: readonly string[]): number {
  const hashes = names.flatMap((name) => /^[0-9a-f]{32}(?=\.)/.exec(name)?.[0] ?? []);
  return new Set(hashes).size;
}
