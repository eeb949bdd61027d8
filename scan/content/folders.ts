import { type Dirent, readdirSync } from "node:fs";
import path from "node:path";

/** The names in folders of the site. */
export interface Folders {
  /** @param match a folder matches only with `anything`, as for Hugo's `fileExists`. */
  has(root: string, below: string, match: "file" | "anything"): boolean;
}

interface FolderNames {
  readonly all: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
}

/** Each folder is read once, synchronously: many posts need the same ones. */
export function createFolders(onUnreadable: (folder: string, error: unknown) => void): Folders {
  /** By root, and by the folder below it as written. */
  const known = new Map<string, Map<string, FolderNames>>();
  const namesIn = (root: string, below: string): FolderNames => {
    const ofRoot = known.get(root) ?? new Map<string, FolderNames>();
    const names = ofRoot.get(below) ?? readNames(path.join(root, below), onUnreadable);
    known.set(root, ofRoot.set(below, names));
    return names;
  };
  return {
    has(root, below, match) {
      const { all, files } = namesIn(root, path.posix.dirname(below));
      return (match === "file" ? files : all).has(path.posix.basename(below));
    },
  };
}

function readNames(folder: string, onUnreadable: (folder: string, error: unknown) => void): FolderNames {
  const entries = entriesOf(folder, onUnreadable);
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  return {
    all: new Set(entries.map(({ name }) => name)),
    files: new Set(files),
  };
}

function entriesOf(folder: string, onUnreadable: (folder: string, error: unknown) => void): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (!isAbsent(error)) onUnreadable(folder, error);
    return [];
  }
}

/** A name that no folder can have counts as absent. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return /^(?:ENOENT|ENOTDIR|ENAMETOOLONG|ERR_INVALID_ARG_VALUE)$/.test(String(error.code));
}
