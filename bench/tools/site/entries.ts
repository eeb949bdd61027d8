import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";

/**
 * Fills a cache folder with a number of files with the names and sizes of entries, 600 bytes each, six a source. They are
 * sparse: a program that only walks the folder sees no difference, and a million of them use no space.
 */
export async function fillCache(cache: string, entries: number): Promise<void> {
  const folders = new Set<string>();
  for (let made = 0; made < entries; made += WIDTHS.length) {
    const hash = randomBytes(16).toString("hex");
    const folder = path.join(cache, "v1", hash.slice(0, 2), hash.slice(2, 4));
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
    folders.add(folder);
    for (const width of WIDTHS) makeHole(path.join(folder, `${hash}.${width}.55.auto-aw`), 600);
    // Synchronous calls create a million in a minute; signals are handled between them.
    if (made % (WIDTHS.length * 1_000) === 0) await setImmediate();
  }
}

const WIDTHS = [320, 480, 800, 1200, 1600, 2400];

function makeHole(file: string, bytes: number): void {
  const descriptor = openSync(file, "wx");
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
}
