import {
  close,
  fstat,
  fsync,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  utimes,
  write,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { TEMPORARY } from "./name.ts";

// Promises over callbacks: node:fs/promises costs a third more CPU for each call.
const fs = {
  close: promisify(close),
  fstat: promisify(fstat),
  fsync: promisify(fsync),
  lstat: promisify(lstat),
  mkdir: promisify(mkdir),
  open: promisify(open),
  readdir: promisify(readdir),
  rename: promisify(rename),
  rm: promisify(rm),
  stat: promisify(stat),
  unlink: promisify(unlink),
  utimes: promisify(utimes),
  write: promisify(write),
};

/**
 * Writes a file whole or not at all. CephFS reports a full volume only at fsync, and a successful close guarantees nothing; its
 * rename is atomic for every client.
 * @param root must exist: a missing root is a volume that is gone, and is not created.
 */
export async function publish(
  root: string,
  parts: readonly string[],
  bytes: Buffer,
  now: Date,
): Promise<void> {
  const file = await createTemporary(root, parts.slice(0, -1));
  try {
    await file.write(bytes);
    await file.publish(parts, now);
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** A file that is not visible yet. All methods throw the system's error, except `discard`. */
export interface TemporaryFile {
  readonly path: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Moves it to its place below the root, whole. */
  publish(parts: readonly string[], now: Date): Promise<void>;
  /** Deletes it. */
  discard(): Promise<void>;
}

/** @param root must exist: a missing root is a volume that is gone, and is not created. @throws the system's error */
export async function createTemporary(root: string, folder: readonly string[]): Promise<TemporaryFile> {
  const path = join(root, ...folder, temporaryName());
  const file = await openNew(path, () => makeFolders(root, folder));
  let length = 0;
  let isOpen = true;
  const end = async (): Promise<void> => {
    if (isOpen) {
      isOpen = false;
      await fs.close(file);
    }
  };
  return {
    path,
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await fs.write(file, bytes, at, bytes.length - at);
        at += bytesWritten;
      }
      length += bytes.length;
    },
    async publish(parts, now) {
      const target = join(root, ...parts);
      await fs.fsync(file);
      const { size } = await fs.fstat(file);
      if (size !== length) throw new Error(`${size} of ${length} bytes were stored`);
      await end();
      await moveInto(path, target, () => makeFolders(root, parts.slice(0, -1)));
      // Without it, another client's first look at the file can stall for 5 s on CephFS, until the MDS flushes its journal.
      await fs.utimes(target, now, now).catch(() => {});
    },
    async discard() {
      await end().catch(() => {});
      await fs.unlink(path).catch(() => {});
    },
  };
}

/** Names of the files in a folder; none if it does not exist. @throws the system's error */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await fs.readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Marks a file as used now. This is the only recency, because CephFS has no atime. */
export async function touch(path: string, now: Date): Promise<void> {
  await fs.utimes(path, now, now);
}

/** Deletes whatever is at the path, also a folder. */
export async function remove(path: string): Promise<void> {
  await fs.rm(path, { recursive: true, force: true });
}

/**
 * Whether this process may do for some time what one replica is to do: creates the lease's file, or renews an expired one. Two that
 * find it expired at the same moment both get it, so that work is done twice; nothing may depend on it.
 * @param ms how long a lease lasts; that of a dead replica expires.
 * @throws the system's error
 */
export async function takeLease(path: string, now: Date, ms: number): Promise<boolean> {
  try {
    await fs.close(await fs.open(path, "wx", 0o644));
  } catch (error) {
    if (errorNumbers(error).code !== "EEXIST") throw error;
    if (Math.abs(now.getTime() - (await fs.stat(path)).mtimeMs) < ms) return false;
  }
  await fs.utimes(path, now, now);
  return true;
}

/** A full disk or quota; EDQUOT has a number but no name in Node on Linux. */
export function isFull(error: unknown): boolean {
  const { code, errno } = errorNumbers(error);
  return code === "ENOSPC" || code === "EDQUOT" || errno === -122;
}

/** The file does not exist: a miss, not a failure. */
export function isAbsent(error: unknown): boolean {
  return errorNumbers(error).code === "ENOENT";
}

// --- publishing ---

let written = 0;

function temporaryName(): string {
  return `${TEMPORARY}${process.pid}-${Date.now().toString(36)}-${(written++).toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

async function openNew(path: string, makeFolder: () => Promise<void>): Promise<number> {
  try {
    return await fs.open(path, "wx", 0o644);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    await makeFolder();
    return await fs.open(path, "wx", 0o644);
  }
}

/** The last one first: the others exist nearly always. @throws the system's error, ENOENT if there is no root. */
async function makeFolders(root: string, names: readonly string[]): Promise<void> {
  const make = (): Promise<void> =>
    fs.mkdir(join(root, ...names)).catch((error: unknown) => {
      if (errorNumbers(error).code !== "EEXIST") throw error;
    });
  await make().catch(async (error: unknown) => {
    if (!isAbsent(error) || names.length < 2) throw error;
    await makeFolders(root, names.slice(0, -1));
    await make();
  });
}

/** A rename replaces a file, but not a folder that is in its place. */
async function moveInto(from: string, to: string, makeFolder: () => Promise<void>): Promise<void> {
  try {
    await fs.rename(from, to);
  } catch (error) {
    if (isAbsent(error)) {
      await makeFolder();
      return await fs.rename(from, to);
    }
    const there = await fs.lstat(to).catch(() => undefined);
    if (!there?.isDirectory()) throw error;
    await remove(to);
    await fs.rename(from, to);
  }
}

/** Code of a system error. */
export function errorNumbers(error: unknown): { readonly code?: unknown; readonly errno?: unknown } {
  return typeof error === "object" && error !== null ? error : {};
}

// --- the cache folder ---

/**
 * Creates a folder and its parents. Node's `recursive` loops forever if a parent exists that accepts no folders, such as /proc.
 * @throws the system's error
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (error) {
    if (await isFolder(path)) return;
    const parent = dirname(path);
    if (!isAbsent(error) || parent === path) throw error;
    await makeFolder(parent);
    await fs.mkdir(path).catch(async (error: unknown) => {
      // Another replica may have created it meanwhile.
      if (!(await isFolder(path))) throw error;
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await fs.stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
