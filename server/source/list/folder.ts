import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { failedProblem } from "../shortage.ts";
import { isListed, isListedFolder, type List, type Listed, type ListPage } from "./list.ts";

/** Lists a folder of photographs. A link counts as what it leads to, if that is in the folder of the source. */
export function listFolder(root: string): List {
  return async (request, signal) => {
    const base = await realpath(root).catch((cause: unknown) => {
      throw failedProblem(cause);
    });
    const first = createFirst(request.most + 1, request.after ?? "");
    try {
      for await (const name of namesIn(base, request.folder, request.deep, signal)) first.add(name);
    } catch (error) {
      signal.throwIfAborted();
      throw failedProblem(error);
    }
    return pageOf(first.sorted(), request.most, (key) => describe(base, key));
  };
}

/** Names of files, and of folders with their slash; in a deep listing only files. Folders that do not exist have none. */
async function* namesIn(
  base: string,
  folder: string,
  deep: boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  // Not opendir's `recursive`: it follows no link and ends at the first folder that cannot be read.
  const waiting = [folder];
  const seen = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const path = await insideOf(base, next);
    // Two links may lead to each other's folders.
    if (path === undefined || seen.has(path)) continue;
    seen.add(path);
    for await (const entry of await opendir(path)) {
      signal.throwIfAborted();
      const name = next + entry.name;
      const kind = await kindOf(base, name, entry);
      if (kind === "file" && isListed(name)) yield name;
      if (kind !== "folder" || !isListedFolder(`${name}/`)) continue;
      if (deep) waiting.push(`${name}/`);
      else yield `${name}/`;
    }
  }
}

async function kindOf(base: string, name: string, entry: Dirent): Promise<"file" | "folder" | undefined> {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (!entry.isSymbolicLink()) return undefined;
  const path = await insideOf(base, name);
  const stats = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (stats?.isFile()) return "file";
  return stats?.isDirectory() ? "folder" : undefined;
}

/** The real path of a name; undefined if there is none, or it is outside. */
async function insideOf(base: string, name: string): Promise<string | undefined> {
  const path = await realpath(join(base, name)).catch(() => undefined);
  return path !== undefined && `${path}${sep}`.startsWith(base.endsWith(sep) ? base : `${base}${sep}`)
    ? path
    : undefined;
}

async function describe(base: string, key: string): Promise<Listed | undefined> {
  const stats = await stat(join(base, key)).catch(() => undefined);
  return stats && { key, bytes: stats.size, modified: stats.mtime };
}

/** A file that was deleted since its name was read is left out. */
async function pageOf(
  names: readonly string[],
  most: number,
  describe: (key: string) => Promise<Listed | undefined>,
): Promise<ListPage> {
  const page = names.slice(0, most);
  const objects = await Promise.all(page.filter((name) => !name.endsWith("/")).map(describe));
  const next = names.length > most ? page.at(-1) : undefined;
  return {
    objects: objects.filter((one) => one !== undefined),
    folders: page.filter((name) => name.endsWith("/")),
    ...(next !== undefined && { next }),
  };
}

/** The first names after another one, in the order of UTF-8: memory does not grow with the folder. */
function createFirst(most: number, after: string) {
  let names: Buffer[] = [];
  const begin = Buffer.from(after);
  const sort = (): void => {
    names = names.toSorted(Buffer.compare).slice(0, most);
  };
  return {
    add(name: string): void {
      const bytes = Buffer.from(name);
      if (Buffer.compare(bytes, begin) <= 0) return;
      names.push(bytes);
      if (names.length >= 4 * most) sort();
    },
    sorted(): string[] {
      sort();
      return names.map((name) => name.toString());
    },
  };
}
