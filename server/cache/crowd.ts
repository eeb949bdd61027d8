import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { isAbsent, remove } from "./files.ts";

/** Sources whose variants are counted in memory; of others a readdir tells. */
const REMEMBERED = 10_000;

/**
 * Keeps one source from filling the cache: whoever enumerates q and w of a photograph displaces only other variants of
 * that photograph, the longest unused first.
 */
export class Crowd {
  readonly #most: number;
  readonly #counts = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(most: number) {
    this.#most = most;
  }

  /** Makes room for one more variant of a source; names in its folder start with `prefix`. Returns how many went. */
  async makeRoom(folder: string, prefix: string): Promise<number> {
    const count = this.#counts.get(prefix) ?? (await variantsIn(folder, prefix)).length;
    this.#counts.set(prefix, count + 1);
    if (count < this.#most) return 0;
    return await this.#thin(folder, prefix);
  }

  async #thin(folder: string, prefix: string): Promise<number> {
    const names = await variantsIn(folder, prefix);
    const ages = await Promise.all(
      names.map(async (name) => {
        const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }));
        return { name, mtimeMs };
      }),
    );
    const going = ages
      .sort((a, b) => a.mtimeMs - b.mtimeMs)
      .slice(0, Math.max(0, names.length - Math.floor(0.75 * this.#most)));
    for (const { name } of going) await remove(join(folder, name));
    this.#counts.set(prefix, names.length - going.length + 1);
    return going.length;
  }
}

async function variantsIn(folder: string, prefix: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.startsWith(prefix) && !name.endsWith(".source"));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
