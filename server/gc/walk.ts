import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

/** One file below `v1/ab/cd/`, with its stat. */
export interface Found {
  readonly folder: string;
  readonly name: string;
  readonly bytes: number;
  /** The later of modification and change time, so that fresh entries of a pod whose clock is behind stay fresh. */
  readonly changedMs: number;
  readonly modifiedMs: number;
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Reads one folder in this number, of the first level: names are hashes, so any sample is representative. */
  readonly every?: number;
}

/** Leaf folders that are read in one turn of the event loop. */
const LEAVES_AT_ONCE = 16;

/**
 * Visits the files of every schema of the cache, one leaf folder in memory at a time. Calls are synchronous: a sweep has a process
 * to itself, and asynchronous calls cost ten times the CPU. Files that disappear meanwhile are not visited.
 */
export async function walkCache(
  folder: string,
  visit: (found: Found) => void,
  { signal, every = 1 }: WalkOptions,
): Promise<void> {
  let leaves = 0;
  signal.throwIfAborted();
  for (const schema of namesIn(folder).filter((name) => /^v[0-9]+$/.test(name)))
    for (const first of hashFolders(join(folder, schema), every))
      for (const leaf of hashFolders(first)) {
        for (const name of namesIn(leaf)) {
          const found = lookAt(leaf, name);
          if (found !== undefined) visit(found);
        }
        if (++leaves % LEAVES_AT_ONCE > 0) continue;
        // Lets signals and timers run.
        await setImmediate();
        signal.throwIfAborted();
      }
}

/** The current state of a file; undefined if it does not exist, or is not a regular file. @throws the system's error. */
export function lookAt(folder: string, name: string): Found | undefined {
  const stats = lstatSync(`${folder}/${name}`, { throwIfNoEntry: false });
  if (!stats?.isFile() && !stats?.isSymbolicLink()) return undefined;
  const { size, mtimeMs, ctimeMs } = stats;
  return { folder, name, bytes: size, modifiedMs: mtimeMs, changedMs: Math.max(mtimeMs, ctimeMs) };
}

// --- the file system ---

function hashFolders(folder: string, every = 1): string[] {
  return namesIn(folder)
    .filter((name) => /^[0-9a-f]{2}$/.test(name) && Number.parseInt(name, 16) % every === 0)
    .map((name) => `${folder}/${name}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
