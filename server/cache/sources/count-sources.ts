import { join } from "node:path";
import { SCHEMA_FOLDER } from "../name.ts";

/** Folders that are read on each level: a few hundred reads, whatever the size of the cache. */
const MOST_FIRST = 32;
const MOST_LEAVES = 8;

/**
 * Estimates the number of sources with entries from a sample of the folders: names are hashes, so any sample is representative.
 * Exact for a cache with few folders.
 * @param namesIn lists a folder; empty if it does not exist. Its errors are passed on.
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

/** The total, estimated from at most this number of items. */
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
