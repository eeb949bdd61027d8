import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type PublishedBody, parsePublishedBody } from "../../contract/api.ts";
import { isAbsent, publish, remove } from "../cache/files.ts";

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

/** Is there from the first set on: with it `VARIANTS=listed` stays closed, also while no set is live. */
export const MARKER = ".published";

/** Site and set names become file names: no dot at the start, no slash anywhere. */
export const setName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

export function isLive({ until }: Pick<StoredSet, "until">, now: number): boolean {
  return until === undefined || until > now;
}

/** @throws the system's error; SyntaxError, InvalidBody or DamagedSet for a file that is no set. */
export async function readSet(folder: string, site: string, name: string): Promise<StoredSet> {
  const text = await readFile(setPath(folder, site, name), "utf8");
  return parseSet(site, name, JSON.parse(text));
}

/** @throws the system's error. */
export async function writeSet(folder: string, set: StoredSet): Promise<void> {
  const { site, name, ...rest } = set;
  const bytes = Buffer.from(`${JSON.stringify(rest)}\n`);
  await publish(folder, [PUBLISHED_FOLDER, site, `${name}.json`], bytes, new Date());
  await writeMarker(folder);
  await stamp(folder);
}

/** @throws the system's error. */
export async function writeMarker(folder: string): Promise<void> {
  const isThere = await stat(join(folder, PUBLISHED_FOLDER, MARKER)).then(
    () => true,
    () => false,
  );
  if (!isThere) await publish(folder, [PUBLISHED_FOLDER, MARKER], Buffer.from(markerText), new Date());
}

/** @throws the system's error. */
export async function deleteSet(folder: string, site: string, name: string): Promise<void> {
  await remove(setPath(folder, site, name));
  await stamp(folder);
}

/** Tells the other replicas to forget what they hold in memory. @throws the system's error. */
export async function stamp(folder: string): Promise<void> {
  await publish(folder, [PUBLISHED_FOLDER, STAMP], Buffer.from(`${Date.now()}\n`), new Date());
}

/** Another text whenever {@link stamp} was called, here or on another replica. @throws the system's error. */
export async function readStamp(folder: string): Promise<string> {
  try {
    const { ino, mtimeMs } = await stat(join(folder, PUBLISHED_FOLDER, STAMP));
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

export function setPath(folder: string, site: string, name: string): string {
  return join(folder, PUBLISHED_FOLDER, site, `${name}.json`);
}

// --- contents ---

const markerText =
  "A site has published to this volume, so VARIANTS=listed serves only what published sets name.\n" +
  "To begin as if nothing had been published, delete this folder and restart every server.\n";

/** JSON, but no set. */
export class DamagedSet extends Error {}

function parseSet(site: string, name: string, json: unknown): StoredSet {
  if (typeof json !== "object" || json === null) throw new DamagedSet("it is not a JSON object");
  const { made, until, pins, images } = Object.fromEntries(Object.entries(json));
  if (typeof made !== "number") throw new DamagedSet("made is not a number");
  if (until !== undefined && typeof until !== "number") throw new DamagedSet("until is not a number");
  if (!Array.isArray(pins) || !pins.every((pin): pin is string => typeof pin === "string"))
    throw new DamagedSet("pins is not a list of file names");
  return {
    ...{ site, name, made, pins },
    ...(until !== undefined && { until }),
    images: parsePublishedBody({ images }).images,
  };
}
