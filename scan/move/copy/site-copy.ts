import { constants } from "node:fs";
import {
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CannotRun } from "../../cannot-run.ts";

/** A copy of a site, in which it can be built and changed. */
export interface SiteCopy extends AsyncDisposable {
  /** The copied site: it has the same path below another root. */
  readonly folder: string;
  /** A folder for built sites. */
  readonly builds: string;
  /** Writes a file whole. @param file relative to the site. */
  write(file: string, content: string | Uint8Array): Promise<void>;
  /** Takes a file out of the copy. */
  remove(file: string): Promise<void>;
  /** Puts a removed file back. */
  restore(file: string): Promise<void>;
}

/**
 * Copies a site. Everything around it is there as links, so that `../themes` and git's history of its pages are found.
 * @param without folders that the build does not need, absolute.
 */
export async function copySite(site: string, without: readonly string[]): Promise<SiteCopy> {
  const source = await realpath(site);
  const root = await mkdtemp(path.join(await realpath(tmpdir()), "imgproxy-lite-move-"));
  const folder = path.join(root, "copy", source);
  const removed = path.join(root, "removed");
  const left = new Set([...without, path.join(source, ".git"), path.join(source, "node_modules")]);
  try {
    await linkSurroundings(path.join(root, "copy"), source);
    await cp(source, folder, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
      verbatimSymlinks: true,
      filter: async (file) => !left.has(file) && (await isCopied(file)),
    });
    for (const name of [".git", "node_modules"])
      if (await exists(path.join(source, name)))
        await symlink(path.join(source, name), path.join(folder, name));
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CannotRun(`the site cannot be copied to ${tmpdir()} (${code}): TMPDIR names another folder`, {
      cause: error,
    });
  }
  return {
    folder,
    builds: path.join(root, "builds"),
    async write(file, content) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), content);
    },
    remove: (file) => moveFile(path.join(folder, file), path.join(removed, file)),
    restore: (file) => moveFile(path.join(removed, file), path.join(folder, file)),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

// --- parts ---

/** Links for what is beside the site and beside each folder above it. */
async function linkSurroundings(copy: string, source: string): Promise<void> {
  const parent = path.dirname(source);
  await mkdir(path.join(copy, parent), { recursive: true });
  for (let inner = source, outer = parent; inner !== outer; [inner, outer] = [outer, path.dirname(outer)]) {
    const entries = await readdir(outer, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const file = path.join(outer, entry.name);
      const isUseful = entry.isDirectory() || entry.isSymbolicLink() || entry.name === ".git";
      if (isUseful && file !== inner && !copy.startsWith(`${file}${path.sep}`))
        await symlink(file, path.join(copy, file));
    }
  }
}

/** A socket or a pipe cannot be copied, and no build needs it. */
async function isCopied(file: string): Promise<boolean> {
  const found = await lstat(file);
  return found.isFile() || found.isDirectory() || found.isSymbolicLink();
}

async function moveFile(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rename(from, to);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
