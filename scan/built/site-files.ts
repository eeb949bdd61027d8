import { type Dirent, statSync } from "node:fs";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { entriesBelow } from "../site/entries-below.ts";

/** The files of a built site. */
export interface SiteFiles {
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder, with forward slashes, without links; sorted. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The file whose name differs only in capitals or in the form of its accents. */
  nearest(name: string): string | undefined;
}

/** @throws CannotRun for a folder that does not exist or cannot be read. */
export async function readSiteFiles(folder: string): Promise<SiteFiles> {
  const entries = await entriesBelow(folder).catch((error: unknown) => {
    throw new CannotRun(absentWords(folder, error), { cause: error });
  });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => nameOf(folder, entry));
  const files = new Set(names);
  let folded: ReadonlyMap<string, string> | undefined;
  return {
    folder,
    names: names.sort(),
    // A link is usually deployed as a file.
    has: (name) => files.has(name) || isLinkedFile(folder, name, entries),
    nearest(name) {
      folded ??= new Map(names.map((one) => [fold(one), one]));
      return folded.get(fold(name));
    },
  };
}

function absentWords(folder: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return `${folder} does not exist: hugo has not run, or has failed; run it first`;
  return `${folder} cannot be read (${code}): name hugo's output folder`;
}

function nameOf(folder: string, entry: Dirent): string {
  return path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/");
}

function isLinkedFile(folder: string, name: string, entries: readonly Dirent[]): boolean {
  if (!entries.some((entry) => entry.isSymbolicLink())) return false;
  try {
    return statSync(path.join(folder, name)).isFile();
  } catch {
    return false;
  }
}

function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
