import { constants } from "node:fs";
import { type FileHandle, open, opendir, readlink, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { createLru } from "../concurrency/lru.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { Problem } from "../errors.ts";
import { UnsureAbsence } from "./access-denied.ts";
import { bodyOfFile, hashOf, OpenedFile } from "./opened-file.ts";
import { failedProblem } from "./shortage.ts";
import type { Source, SourceStat } from "./source.ts";
import { statValidator } from "./validator.ts";

/** Facts that a folder source needs in addition to the path. */
export interface FolderOptions {
  /** Device of the folder at the start; another device is another volume, or an empty mount point. */
  readonly device?: number;
  /** A larger file is never made into variants, so it is not read to compute its version. */
  readonly maxBytes?: number | undefined;
}

/**
 * Photographs in a folder. The validator of a file that variants can be made from is its content's hash, so that a checkout or
 * a copy, which set new times, do not change the version. The file is read once for all requests, and the hash is remembered by
 * the file's stat. A file that is too large, or not an image, has a weak validator from its stat.
 */
export function createFolderSource(root: string, options: FolderOptions = {}): Source {
  const { device, maxBytes = Number.POSITIVE_INFINITY } = options;
  const validators = createLru<string>(10_000);
  const flights = createSingleFlight<string>();

  async function statOf(opened: OpenedFile, signal: AbortSignal): Promise<SourceStat> {
    const { dev, ino, size, mtimeNs, ctimeNs, mtime } = opened.stats;
    const bytes = Number(size);
    const weak = statValidator(mtimeNs, bytes);
    const stat = (validator: string): SourceStat => ({ validator, bytes, modified: mtime });
    if (bytes > maxBytes) return stat(weak);
    const name = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
    const known = validators.get(name);
    if (known !== undefined) return stat(known);
    // The first request uses its own open file, and may end before the others.
    const hash = (signal: AbortSignal) => opened.use((file) => hashOf(file, signal));
    const validator = (await flights.do(name, signal, hash)) || weak;
    validators.set(name, validator);
    return stat(validator);
  }

  const openFile = (key: string): Promise<OpenedFile> =>
    openIn(root, key).catch((error: unknown) => explain(error, root, device));

  return {
    async stat(key, signal) {
      signal.throwIfAborted();
      const opened = await openFile(key);
      return opened.use(() => statOf(opened, signal));
    },
    async open(key, signal, range) {
      signal.throwIfAborted();
      const opened = await openFile(key);
      return opened.use(async () => {
        const stat = await statOf(opened, signal);
        return { ...stat, body: bodyOfFile(opened, range ?? { first: 0, last: stat.bytes - 1 }) };
      });
    },
  };
}

// --- files ---

async function openIn(root: string, key: string): Promise<OpenedFile> {
  try {
    const { base, path } = await resolveKey(root, key);
    // O_NONBLOCK: a named pipe must not hang the server.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat({ bigint: true });
    // A folder on the path may have become a link since it was resolved: check the file that was opened.
    const isKept = stats.isFile() && isInside(base, await pathOf(file, path));
    if (isKept) return new OpenedFile(file, stats);
    await file.close();
    throw stats.isFile() ? leadsOut() : new Problem("source-absent");
  } catch (error) {
    throw asProblem(error);
  }
}

/**
 * The real paths of the folder and of a key in it. The key grammar has refused dot segments; this refuses links that lead out, and
 * names such as `a//b` or `a/`, which the file system would treat as another key's file.
 */
async function resolveKey(
  root: string,
  key: string,
): Promise<{ readonly base: string; readonly path: string }> {
  const names = key.split("/");
  if (names.includes("")) throw new Problem("source-absent");
  // A folder that is gone or not mounted says nothing about its files.
  const base = await realpath(root).catch((cause: unknown) => {
    throw failedProblem(cause);
  });
  try {
    const path = await realpath(join(base, key));
    if (isInside(base, path)) return { base, path };
  } catch (error) {
    // The answer must not reveal whether the target of such a link exists.
    for (let count = 1; count < names.length; count++) {
      const folder = await realpath(join(base, ...names.slice(0, count))).catch(() => undefined);
      if (folder === undefined) throw error;
      if (!isInside(base, folder)) throw leadsOut();
    }
    throw error;
  }
  throw leadsOut();
}

function isInside(base: string, path: string): boolean {
  return path.startsWith(base.endsWith(sep) ? base : base + sep);
}

/** The current path of an open file; without /proc, the target of its path. */
async function pathOf(file: FileHandle, path: string): Promise<string> {
  return await readlink(`/proc/self/fd/${file.fd}`).catch(() => realpath(path));
}

function leadsOut(): Problem {
  return new Problem("withheld-source", {
    storage: "link",
    cause: new Error("a link leads out of the folder of SOURCE"),
    detail:
      "It is reached by a link that leads out of the server's folder of photographs: put the file itself into the folder.",
  });
}

const absent: ReadonlySet<unknown> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENXIO",
]);

function asProblem(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const code = "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM")
    return new Problem("withheld-source", {
      cause: error,
      storage: code,
      detail: "The server may not read this file: make it readable for the server's user.",
    });
  return absent.has(code) ? new Problem("source-absent", { cause: error }) : failedProblem(error);
}

/**
 * A file that is absent from an empty or another folder may still exist: a volume that is not mounted leaves an empty folder.
 */
async function explain(error: unknown, root: string, device: number | undefined): Promise<never> {
  if (!(error instanceof Problem && error.code === "source-absent")) throw error;
  const doubt = await doubtOf(root, device).catch((cause: unknown) => {
    throw failedProblem(cause);
  });
  if (doubt === undefined) throw error;
  throw new Problem("source-absent", { cause: new UnsureAbsence(doubt, { cause: error }) });
}

async function doubtOf(root: string, device: number | undefined): Promise<string | undefined> {
  const { dev } = await stat(root);
  if (await isEmpty(root)) return "the folder of SOURCE is empty: its volume may not be mounted";
  if (device === undefined || dev === device) return undefined;
  return "the folder of SOURCE is on another volume than at the start";
}

async function isEmpty(root: string): Promise<boolean> {
  for await (const { name } of await opendir(root)) if (name !== "lost+found") return false;
  return true;
}
