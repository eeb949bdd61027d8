import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** Fills a cache folder with so many files that look like entries, 600 bytes each, six a source. */
export async function fillCache(cache: string, entries: number): Promise<void> {
  const body = randomBytes(600);
  const sources = Math.ceil(entries / WIDTHS.length);
  for (let from = 0; from < sources; from += 64)
    await Promise.all(
      Array.from({ length: Math.min(64, sources - from) }, async () => {
        const hash = randomBytes(16).toString("hex");
        const folder = path.join(cache, "v1", hash.slice(0, 2), hash.slice(2, 4));
        await mkdir(folder, { recursive: true });
        for (const width of WIDTHS) await writeFile(path.join(folder, `${hash}.${width}.55.auto-aw`), body);
      }),
    );
}

const WIDTHS = [320, 480, 800, 1200, 1600, 2400];
