import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorNumbers } from "../cache/files.ts";
import { VolumeHung, type WithVolume } from "../cache/volume-limiter.ts";
import { MARKER, PUBLISHED_FOLDER, setName, setParts } from "./files.ts";
import { isLive, type PublishedSet, readSet } from "./read-set.ts";

/** The content of a volume's published folder, as far as it can be read. */
export interface FoundSets {
  /** The same array as long as no set has changed. */
  readonly files: readonly SetFile[];
  /** Sets and folders that cannot be read now. */
  readonly unread: readonly Unread[];
  /** Whether a set was ever published on this volume. */
  readonly ever: boolean;
  /** Whether the mark exists; volumes of earlier versions do not have it. */
  readonly isMarked: boolean;
}

/** One set's file. */
export interface SetFile {
  readonly site: string;
  readonly name: string;
  /** When the set was made, in milliseconds since 1970; for a file that was never read, when it was written. */
  readonly made: number;
  /** Its last known content; undefined if it was never read. */
  readonly set?: PublishedSet;
}

export interface Unread {
  /** Below the cache folder. */
  readonly path: string;
  readonly error: unknown;
}

/**
 * Reads published sets repeatedly. A file or folder that cannot be read keeps its last known state; only one that is certainly
 * absent is gone.
 */
export class PublishedReader {
  readonly #folder: string;
  readonly #withVolume: WithVolume;
  #files: ReadonlyMap<string, SeenFile> = new Map();
  #list: readonly SeenFile[] = [];
  #ever = false;

  /** @param withVolume runs work on the volume, which may hang. */
  constructor(folder: string, withVolume: WithVolume = (_, work) => work()) {
    this.#folder = folder;
    this.#withVolume = withVolume;
  }

  /** Never throws. A file is parsed again only when it has changed. */
  async read(): Promise<FoundSets> {
    const unread: Unread[] = [];
    const top = await this.#readTop(unread);
    this.#ever ||= top.isMarked || top.sites.length > 0;
    if (unread.length === 0) {
      const files = await this.#readSites(top.sites, unread);
      // If sets seem deleted, the volume may just be going away: then its mark is gone too.
      if (top.isMarked && !(await this.#readTop(unread)).isMarked && unread.length === 0) unread.push(gone);
      if (!unread.includes(gone)) this.#keep(files);
    }
    return { files: this.#list, unread, ever: this.#ever, isMarked: top.isMarked };
  }

  #keep(files: ReadonlyMap<string, SeenFile>): void {
    this.#files = files;
    const list = [...files.values()];
    const isSame = list.length === this.#list.length && list.every((file, at) => file === this.#list[at]);
    if (!isSame) this.#list = list;
  }

  async #readTop(
    unread: Unread[],
  ): Promise<{ readonly sites: readonly string[]; readonly isMarked: boolean }> {
    const entries = await this.#entries([], unread);
    const sites = entries.filter((entry) => entry.isDirectory() && setName.test(entry.name));
    const isMarked = entries.some(({ name }) => name === MARKER);
    // A site's folder stays when its sets are deleted: a volume that is gone leaves an empty folder, or none.
    if (this.#ever && !isMarked && sites.length === 0 && unread.length === 0) unread.push(gone);
    return { sites: sites.map(({ name }) => name), isMarked };
  }

  async #readSites(sites: readonly string[], unread: Unread[]): Promise<Map<string, SeenFile>> {
    const files = new Map<string, SeenFile>();
    for (const site of sites) {
      const before = unread.length;
      const entries = await this.#entries([site], unread);
      if (unread.length > before) {
        for (const [path, file] of this.#files) if (file.site === site) files.set(path, file);
        continue;
      }
      for (const { name: file } of entries) {
        const name = file.replace(/\.json$/, "");
        if (name === file || !setName.test(name)) continue;
        const seen = await this.#readFile(site, name, unread);
        if (seen !== undefined) files.set(`${site}/${name}`, seen);
      }
    }
    return files;
  }

  async #readFile(site: string, name: string, unread: Unread[]): Promise<SeenFile | undefined> {
    const known = this.#files.get(`${site}/${name}`);
    const seen: SeenFile = known ?? { site, name, made: Date.now(), signature: "" };
    const path = setParts(site, name).join("/");
    const failed = (file: SeenFile, error: unknown): SeenFile => {
      unread.push({ path, error });
      return file;
    };
    try {
      const { ino, size, mtimeMs } = await this.#withVolume("read", () =>
        stat(join(this.#folder, ...setParts(site, name))),
      );
      const signature = `${ino} ${size} ${mtimeMs}`;
      if (known?.signature === signature && known.damage === undefined) return known;
      if (known?.signature === signature) return failed(known, known.damage);
      try {
        const set = await readSet({ folder: this.#folder, site, name, withVolume: this.#withVolume });
        return { site, name, made: set.made, set, signature };
      } catch (error) {
        if (isSystemError(error)) throw error;
        return failed({ ...seen, made: seen.set?.made ?? mtimeMs, signature, damage: error }, error);
      }
    } catch (error) {
      return errorNumbers(error).code === "ENOENT" ? undefined : failed(seen, error);
    }
  }

  /** Empty if the folder does not exist. */
  async #entries(below: readonly string[], unread: Unread[]): Promise<readonly Dirent[]> {
    const path = [PUBLISHED_FOLDER, ...below].join("/");
    try {
      return await this.#withVolume("read", () => readdir(join(this.#folder, path), { withFileTypes: true }));
    } catch (error) {
      if (errorNumbers(error).code !== "ENOENT") unread.push({ path, error });
      return [];
    }
  }
}

/**
 * File names of all cache entries that live published sets use; undefined if this is unknown, because a set cannot be read.
 * @param folder the cache's.
 */
export async function readPins(
  folder: string,
  now = Date.now(),
): Promise<{
  readonly pins: { readonly has: (name: string) => boolean } | undefined;
  readonly unread: readonly Unread[];
}> {
  const { files, unread } = await new PublishedReader(folder).read();
  if (unread.length > 0) return { pins: undefined, unread };
  const live = liveSets(files, now);
  return { pins: { has: (name) => live.some(({ pins }) => pins.has(name)) }, unread };
}

/** The newest first: most requests are for entries in it. */
export function liveSets(files: readonly SetFile[], now: number): readonly PublishedSet[] {
  const live = files.flatMap(({ set }) => (set !== undefined && isLive(set, now) ? [set] : []));
  return live.sort((a, b) => b.made - a.made);
}

const gone: Unread = { path: PUBLISHED_FOLDER, error: new Error("the folder is gone, or empty") };

// --- one file ---

interface SeenFile extends SetFile {
  /** State of the file when it was last parsed. */
  readonly signature: string;
  /** Why that was not a set. */
  readonly damage?: unknown;
}

/** An error of the system, or a hung volume: it says nothing about the content of the file. */
export function isSystemError(error: unknown): boolean {
  return errorNumbers(error).code !== undefined || error instanceof VolumeHung;
}
