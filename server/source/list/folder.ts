import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import pMap from "p-map";
import { failedProblem } from "../shortage.ts";
import { FirstNames, type SortedNames } from "./first-names.ts";
import { isListed, isListedFolder, type List, type Listed, type ListPage, type ListRequest } from "./list.ts";

/** A folder has no order: each page would read all of it. */
const READ_AHEAD = 50_000;
/** Entries that are read at once; a thousand survive several collections of garbage, for which the heap grows by 10 MiB. */
const ENTRIES = 128;
/** Further pages are as old as this at most; the first one is always of now. */
const READ_AHEAD_MS = 10_000;

/** Names that come after a page, for the pages after it. */
interface Ahead {
  readonly of: string;
  readonly after: string;
  readonly names: SortedNames;
}

/** Lists a folder of photographs. A link counts as what it leads to, if that is in the folder of the source. */
export function listFolder(root: string): List {
  let ahead: Ahead | undefined;
  let expiry: NodeJS.Timeout | undefined;

  async function namesAfter(base: string, request: ListRequest, signal: AbortSignal) {
    const { folder, deep, after, most } = request;
    const of = JSON.stringify([folder, deep]);
    const known = after === undefined ? undefined : pageIn(ahead, of, after, most);
    if (known !== undefined) return known;
    const first = new FirstNames(after === undefined ? most + 1 : READ_AHEAD, after ?? "");
    for await (const name of namesIn(base, folder, deep, signal)) first.add(name);
    const names = first.sorted();
    if (after === undefined) return namesFrom(names, 0, most);
    ahead = { of, after, names };
    clearTimeout(expiry);
    expiry = setTimeout(() => {
      ahead = undefined;
    }, READ_AHEAD_MS).unref();
    return namesFrom(names, 0, most);
  }

  return async (request, signal) => {
    const base = await realpath(root).catch((cause: unknown) => {
      throw failedProblem(cause);
    });
    const names = await namesAfter(base, request, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw failedProblem(error);
    });
    return pageOf(names, request.most, (key) => describe(base, key));
  };
}

/** The names of a page, if they are known, and one more: it tells that there is a next page. */
function pageIn(ahead: Ahead | undefined, of: string, after: string, most: number) {
  if (ahead?.of !== of || Buffer.compare(Buffer.from(after), Buffer.from(ahead.after)) < 0) return undefined;
  const { names } = ahead;
  const page = namesFrom(names, names.indexAfter(after), most);
  return page.length > most || names.length < READ_AHEAD ? page : undefined;
}

function namesFrom(names: SortedNames, begin: number, most: number): string[] {
  const length = Math.max(0, Math.min(most + 1, names.length - begin));
  return Array.from({ length }, (_, at) => names.at(begin + at));
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
    for await (const entry of await opendir(path, { bufferSize: ENTRIES })) {
      signal.throwIfAborted();
      const name = next + entry.name;
      const kind = entry.isSymbolicLink() ? await linkedKind(base, name) : kindOf(entry);
      if (kind === "file" && isListed(name)) yield name;
      if (kind !== "folder" || !isListedFolder(`${name}/`)) continue;
      if (deep) waiting.push(`${name}/`);
      else yield `${name}/`;
    }
  }
}

type Kind = "file" | "folder" | undefined;

function kindOf(entry: Pick<Dirent, "isFile" | "isDirectory">): Kind {
  if (entry.isFile()) return "file";
  return entry.isDirectory() ? "folder" : undefined;
}

async function linkedKind(base: string, name: string): Promise<Kind> {
  const path = await insideOf(base, name);
  const stats = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return stats && kindOf(stats);
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

/** A thousand at once would queue before the files of readers, and take several times the memory. */
const AT_ONCE = 4;

/** A file that was deleted since its name was read is left out. */
async function pageOf(
  names: readonly string[],
  most: number,
  describe: (key: string) => Promise<Listed | undefined>,
): Promise<ListPage> {
  const page = names.slice(0, most);
  const files = page.filter((name) => !name.endsWith("/"));
  const objects = await pMap(files, describe, { concurrency: AT_ONCE });
  const next = names.length > most ? page.at(-1) : undefined;
  return {
    objects: objects.filter((one) => one !== undefined),
    folders: page.filter((name) => name.endsWith("/")),
    ...(next !== undefined && { next }),
  };
}
