import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent, publish, remove } from "../cache/files.ts";
import { TEMPORARY } from "../cache/name.ts";

/** The folder of published sets on the cache volume; no sweep deletes it. */
export const PUBLISHED_FOLDER = "published";

/** Changes with each publish or purge: other replicas check it every few seconds. */
const STAMP = ".changed";

/** Exists from the first set on: then `VARIANTS=listed` stays closed, also while no set is live. */
export const MARKER = ".published";

/** Site and set names become file names: no dot at the start, no slash. */
export const setName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** A publish that has written nothing for this time is dead. */
const ABANDONED_MS = 3_600_000;

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
  await remove(join(folder, ...setParts(site, name)));
  await stamp(folder);
}

/** Tells the other replicas to clear their memory. @throws the system's error. */
export async function stamp(folder: string): Promise<void> {
  await publish(folder, [PUBLISHED_FOLDER, STAMP], Buffer.from(`${Date.now()}\n`), new Date());
}

/** A value that changes when {@link stamp} is called, on any replica. @throws the system's error. */
export async function readStamp(folder: string): Promise<string> {
  try {
    const { ino, mtimeMs } = await stat(join(folder, PUBLISHED_FOLDER, STAMP));
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

/** Deletes the files of publishes that died. @throws the system's error. */
export async function deleteAbandoned(folder: string, now: number): Promise<void> {
  const path = join(folder, PUBLISHED_FOLDER);
  for (const name of await readdir(path)) {
    if (!name.startsWith(TEMPORARY)) continue;
    // Another replica may have deleted or replaced it.
    const file = await stat(join(path, name)).catch(() => undefined);
    if (file !== undefined && now - file.mtimeMs > ABANDONED_MS) await remove(join(path, name));
  }
}

/** Path of a set's file, below the cache folder. */
export function setParts(site: string, name: string): readonly [string, string, string] {
  return [PUBLISHED_FOLDER, site, `${name}.json`];
}

// --- contents ---

const markerText =
  "A site has published to this volume, so VARIANTS=listed serves only the variants in published sets.\n" +
  "To start as if nothing was ever published, delete this folder and restart every server.\n";
