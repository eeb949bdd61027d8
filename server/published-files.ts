import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type PublishedBody, parsePublishedBody } from "../contract/api.ts";
import { isAbsent, publish, remove } from "./cache/files.ts";

/**
 * Published sets on the cache volume, such as `published/blog/2026-11-24.json`; every replica and the GC read them.
 * They lie beside the entries, where no sweep goes.
 */
export interface StoredSet {
  readonly site: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly made: number;
  /** Likewise; absent for what is no preview. */
  readonly until?: number;
  readonly images: PublishedBody["images"];
  /** File names of the cache entries that the set uses: the GC deletes them last. */
  readonly pins: readonly string[];
}

export const PUBLISHED_FOLDER = "published";

/** Changes whenever a set or a purge does: other replicas look at it every few seconds. */
export const STAMP = ".changed";

/** Site and set names become file names: no dot at the start, no slash anywhere. */
export const setName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/**
 * File names of all cache entries that a live published set uses.
 * @param folder the cache's.
 */
export async function readPins(folder: string, now = Date.now()): Promise<ReadonlySet<string>> {
  const pins = new Set<string>();
  for (const set of await readSets(folder)) if (isLive(set, now)) for (const pin of set.pins) pins.add(pin);
  return pins;
}

export function isLive({ until }: StoredSet, now: number): boolean {
  return until === undefined || until > now;
}

/** Every set that can be read; a damaged one counts as none. */
export async function readSets(folder: string): Promise<StoredSet[]> {
  const sets: StoredSet[] = [];
  for (const site of await names(join(folder, PUBLISHED_FOLDER))) {
    for (const file of await names(join(folder, PUBLISHED_FOLDER, site))) {
      const name = file.replace(/\.json$/, "");
      if (name === file || !setName.test(name)) continue;
      const set = await readSet(folder, site, name);
      if (set !== undefined) sets.push(set);
    }
  }
  return sets;
}

export async function readSet(folder: string, site: string, name: string): Promise<StoredSet | undefined> {
  try {
    const text = await readFile(join(folder, PUBLISHED_FOLDER, site, `${name}.json`), "utf8");
    return parseSet(site, name, JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeSet(folder: string, set: StoredSet): Promise<void> {
  const { site, name, ...rest } = set;
  const bytes = Buffer.from(`${JSON.stringify(rest)}\n`);
  await publish(folder, [PUBLISHED_FOLDER, site, `${name}.json`], bytes, new Date());
  await stamp(folder);
}

export async function deleteSet(folder: string, site: string, name: string): Promise<void> {
  await remove(join(folder, PUBLISHED_FOLDER, site, `${name}.json`));
  await stamp(folder);
}

/** Tells the other replicas to forget what they hold in memory. */
export async function stamp(folder: string): Promise<void> {
  await publish(folder, [PUBLISHED_FOLDER, STAMP], Buffer.from(`${Date.now()}\n`), new Date());
}

/** Another text whenever {@link stamp} was called, here or on another replica. */
export async function readStamp(folder: string): Promise<string> {
  try {
    const { ino, mtimeMs } = await stat(join(folder, PUBLISHED_FOLDER, STAMP));
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

// --- parts ---

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith("."));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

function parseSet(site: string, name: string, json: unknown): StoredSet | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { made, until, pins } = Object.fromEntries(Object.entries(json));
  if (typeof made !== "number" || !Array.isArray(pins)) return undefined;
  return {
    site,
    name,
    made,
    ...(typeof until === "number" && { until }),
    images: parsePublishedBody({ images: "images" in json ? json.images : undefined }).images,
    pins: pins.filter((pin) => typeof pin === "string"),
  };
}
