import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pins } from "./sweep.ts";

/**
 * Beside each published set in `published/<site>/` lies a file of this ending with the file names of its variants, one
 * a line: a sweep needs to know neither sites nor sources.
 */
export const PINS_ENDING = ".pins";

/** The text of a pins file. */
export function formatPins(names: Iterable<string>): string {
  return [...names].map((name) => `${name}\n`).join("");
}

/**
 * The pins of every published set below a cache folder; none when nothing was published.
 * @throws the system's error when a set cannot be read: better no sweep than one that takes what a site uses.
 */
export async function loadPins(folder: string): Promise<Pins> {
  const names = new Set<string>();
  const published = join(folder, "published");
  for (const file of await filesIn(published)) {
    if (!file.endsWith(PINS_ENDING)) continue;
    for (const name of (await readFile(join(published, file), "utf8")).split("\n")) names.add(name);
  }
  return names;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder, { recursive: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
