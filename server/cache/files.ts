import {
  close,
  constants,
  fstat,
  fsync,
  lstat,
  mkdir,
  open,
  read,
  rename,
  rm,
  unlink,
  utimes,
  write,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { TEMPORARY } from "./name.ts";

// Promises over callbacks: node:fs/promises costs a third more CPU a call, and these are on the path of a hit.
const fs = {
  close: promisify(close),
  fstat: promisify(fstat),
  fsync: promisify(fsync),
  lstat: promisify(lstat),
  mkdir: promisify(mkdir),
  open: promisify(open),
  read: promisify(read),
  rename: promisify(rename),
  rm: promisify(rm),
  unlink: promisify(unlink),
  utimes: promisify(utimes),
  write: promisify(write),
};

/** Larger than any variant: what is larger was not written by us. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

/** A file that was read whole; `bytes` is undefined when it is none that could be: a pipe, a link, a folder. */
export interface WholeFile {
  readonly bytes: Buffer | undefined;
  readonly modifiedMs: number;
}

/**
 * Reads a file by one descriptor, so that a rename or unlink meanwhile changes nothing. A link is not followed (it could
 * lead out of the cache) and a pipe is not waited for.
 * @throws the system's error, `ENOENT` where there is none.
 */
export async function readWhole(path: string): Promise<WholeFile> {
  const file = await openToRead(path);
  if (file === undefined) return { bytes: undefined, modifiedMs: 0 };
  try {
    const stats = await fs.fstat(file);
    const { size, mtimeMs } = stats;
    if (!stats.isFile() || size > MAX_FILE_BYTES) return { bytes: undefined, modifiedMs: mtimeMs };
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await fs.read(file, bytes, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), modifiedMs: mtimeMs };
  } finally {
    await fs.close(file);
  }
}

/** A file's first bytes, and how many there are. */
export interface FileHead {
  readonly bytes: Buffer;
  readonly size: number;
  readonly modifiedMs: number;
}

/**
 * Reads at most so many bytes of a file's start; undefined for a pipe, a link, a folder.
 * @throws the system's error, `ENOENT` where there is none.
 */
export async function readHead(path: string, length: number): Promise<FileHead | undefined> {
  const file = await openToRead(path);
  if (file === undefined) return undefined;
  try {
    const stats = await fs.fstat(file);
    if (!stats.isFile()) return undefined;
    const { bytesRead, buffer } = await fs.read(file, Buffer.allocUnsafe(length), 0, length, 0);
    return { bytes: buffer.subarray(0, bytesRead), size: stats.size, modifiedMs: stats.mtimeMs };
  } finally {
    await fs.close(file);
  }
}

/**
 * Writes a file that is there whole or not at all. CephFS tells of a full volume as late as fsync, and a successful
 * close promises nothing; its rename is atomic for every client.
 * @param root must exist: a missing root is a volume that is gone, not a folder to make.
 */
export async function publish(
  root: string,
  parts: readonly string[],
  bytes: Buffer,
  now: Date,
): Promise<void> {
  const path = join(root, ...parts);
  const temporary = join(dirname(path), temporaryName());
  try {
    await writeDurably(temporary, bytes, () => makeFolders(root, parts.slice(0, -1)));
    await moveInto(temporary, path);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  // Without it another client's first look at the file can stall for 5 s on CephFS, until the MDS flushes its journal.
  await fs.utimes(path, now, now).catch(() => {});
}

/** Marks a file as used just now: the only recency there is, as CephFS keeps no atime. */
export async function touch(path: string, now: Date): Promise<void> {
  await fs.utimes(path, now, now);
}

/** Takes away whatever is at the path, a folder too. */
export async function remove(path: string): Promise<void> {
  await fs.rm(path, { recursive: true, force: true });
}

/** A full disk or quota; EDQUOT has a number but no name in Node on Linux. */
export function isFull(error: unknown): boolean {
  const { code, errno } = errorNumbers(error);
  return code === "ENOSPC" || code === "EDQUOT" || errno === -122;
}

/** There is no such file: a miss, not a fault. */
export function isAbsent(error: unknown): boolean {
  return errorNumbers(error).code === "ENOENT";
}

// --- reading ---

async function openToRead(path: string): Promise<number | undefined> {
  try {
    return await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = errorNumbers(error);
    // A symbolic link; a socket.
    if (code === "ELOOP" || code === "ENXIO") return undefined;
    throw error;
  }
}

// --- publishing ---

let written = 0;

function temporaryName(): string {
  return `${TEMPORARY}${process.pid}-${Date.now().toString(36)}-${(written++).toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

async function writeDurably(path: string, bytes: Buffer, makeFolder: () => Promise<void>): Promise<void> {
  const file = await openNew(path, makeFolder);
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await fs.write(file, bytes, at, bytes.length - at);
      at += bytesWritten;
    }
    await fs.fsync(file);
    const { size } = await fs.fstat(file);
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes were stored`);
  } finally {
    await fs.close(file);
  }
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

async function makeFolders(root: string, names: readonly string[]): Promise<void> {
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    await fs.mkdir(folder).catch((error: unknown) => {
      if (errorNumbers(error).code !== "EEXIST") throw error;
    });
  }
}

/** A rename replaces a file, but not a folder that somebody left there. */
async function moveInto(from: string, to: string): Promise<void> {
  try {
    await fs.rename(from, to);
  } catch (error) {
    const there = await fs.lstat(to).catch(() => undefined);
    if (!there?.isDirectory()) throw error;
    await remove(to);
    await fs.rename(from, to);
  }
}

function errorNumbers(error: unknown): { readonly code?: unknown; readonly errno?: unknown } {
  return typeof error === "object" && error !== null ? error : {};
}
