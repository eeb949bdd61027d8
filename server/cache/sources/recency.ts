import { stat } from "node:fs/promises";
import { isAbsent } from "../files.ts";

/**
 * Which of these files to delete so that `count` are gone: the least recently used; of equal age by path, so that all replicas
 * choose the same. A file that is already gone counts.
 * @throws the system's error.
 */
export async function longestUnused(paths: readonly string[], count: number): Promise<string[]> {
  const ages: { readonly path: string; readonly usedMs: number }[] = [];
  // One at a time: each takes one of libuv's four threads.
  for (const path of paths) {
    const usedMs = await lastUse(path);
    if (usedMs !== undefined) ages.push({ path, usedMs });
  }
  const gone = paths.length - ages.length;
  return ages
    .sort((a, b) => a.usedMs - b.usedMs || (a.path < b.path ? -1 : 1))
    .slice(0, Math.max(0, count - gone))
    .map(({ path }) => path);
}

async function lastUse(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
