import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, opendir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { LRUCache } from "lru-cache";
import { Problem } from "../errors.ts";
import type { ByteRange } from "../http/range.ts";
import { UnsureAbsence } from "./access-denied.ts";
import { exactly } from "./body.ts";
import { failedProblem } from "./shortage.ts";
import type { Source, SourceStat } from "./source.ts";

/**
 * Photographs in a folder. The validator is the content's hash, so that a checkout or a copy, which set new times,
 * change no version; it is read once and remembered by the file's stat.
 * @param device that the folder was on at the start; another one is another volume, or the place where one is mounted.
 */
export function createFolderSource(root: string, device?: number): Source {
  const hashes = new LRUCache<string, string>({ max: 10_000 });

  async function statOf(file: FileHandle, stats: BigIntStats): Promise<SourceStat> {
    const name = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
    const hash = hashes.get(name) ?? (await hashOf(file));
    hashes.set(name, hash);
    return { validator: `sha256:${hash}`, bytes: Number(stats.size), modified: stats.mtime };
  }

  return {
    async stat(key, signal) {
      signal.throwIfAborted();
      const { file, stats } = await openFile(root, key).catch((error: unknown) =>
        explain(error, root, device),
      );
      try {
        return await statOf(file, stats);
      } finally {
        await file.close();
      }
    },
    async open(key, signal, range) {
      signal.throwIfAborted();
      const { file, stats } = await openFile(root, key).catch((error: unknown) =>
        explain(error, root, device),
      );
      try {
        const stat = await statOf(file, stats);
        return { ...stat, body: bodyOf(file, range ?? { first: 0, last: stat.bytes - 1 }) };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
  };
}

// --- files ---

async function openFile(root: string, key: string): Promise<{ file: FileHandle; stats: BigIntStats }> {
  try {
    const path = await inside(root, key);
    // O_NONBLOCK: a named pipe must not hang the server.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat({ bigint: true });
    if (stats.isFile()) return { file, stats };
    await file.close();
    throw new Problem("source-absent");
  } catch (error) {
    throw asProblem(error);
  }
}

/**
 * The real path of a key. The key grammar has refused dot segments; what is left is a link that leads out, and a name
 * such as `a//b` or `a/`, which the file system would take for another key's file.
 */
async function inside(root: string, key: string): Promise<string> {
  if (key.split("/").includes("")) throw new Problem("source-absent");
  // A folder that is gone or not mounted says nothing of what was in it.
  const base = await realpath(root).catch((cause: unknown) => {
    throw failedProblem(cause);
  });
  const path = await realpath(join(base, key));
  if (!path.startsWith(base.endsWith(sep) ? base : base + sep)) throw new Problem("source-absent");
  return path;
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
      ...{ cause: error, storage: code },
      detail: "The server may not read its file: let the server's user read it.",
    });
  return absent.has(code) ? new Problem("source-absent", { cause: error }) : failedProblem(error);
}

/**
 * What is absent from a folder that is empty or another one says nothing of what was there: a volume that is not mounted
 * leaves an empty folder.
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

// --- content ---

const CHUNK_BYTES = 256 * 1024;

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return hash.digest("hex").slice(0, 32);
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function bodyOf(file: FileHandle, range: ByteRange): ReadableStream<Uint8Array> {
  let at = range.first;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await readAt(file, at, Math.min(CHUNK_BYTES, range.last + 1 - at));
        at += chunk.byteLength;
        if (chunk.byteLength > 0) return controller.enqueue(chunk);
        await file.close();
        controller.close();
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  );
  return exactly(body, range.last + 1 - range.first);
}

async function readAt(file: FileHandle, at: number, size: number): Promise<Uint8Array> {
  if (size <= 0) return new Uint8Array(0);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(size), 0, size, at);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    await file.close();
    throw failedProblem(error);
  }
}
