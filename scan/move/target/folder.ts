import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, lstat, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { keyProblem } from "../../../contract/url/key.ts";
import { CannotRun } from "../../cannot-run.ts";
import { syncFolder } from "../../manifest.ts";
import { contentOfFile, isSame } from "./content.ts";
import type { Target } from "./target.ts";

/** Files that are not whole yet. A server does not list names that begin with a dot. */
const STAGING = ".imgproxy-lite-move";

/**
 * A folder that a server has as its SOURCE. A file appears under its name only when it is whole and on the disk.
 * @throws CannotRun if it does not exist, or is not a folder.
 */
export async function openFolderTarget(folder: string): Promise<Target> {
  const found = await stat(folder).catch((error: unknown) => {
    throw new CannotRun(`--source ${folder} cannot be used (${codeOf(error)}): name the server's folder`);
  });
  if (!found.isDirectory()) throw new CannotRun(`--source ${folder} is not a folder`);
  const root = await realpath(folder);
  const staging = path.join(root, STAGING);

  /** @throws CannotRun if a link on the way leads out of the folder. */
  async function placeOf(key: string): Promise<string> {
    const problem = keyProblem(key);
    if (problem !== undefined) throw new CannotRun(`the key "${key}" ${problem}`);
    const parent = path.dirname(path.join(root, key));
    await mkdir(parent, { recursive: true });
    const real = await realpath(parent);
    if (real !== root && !real.startsWith(`${root}${path.sep}`))
      throw new CannotRun(`${key} would be written to ${real}, which is outside of ${folder}`);
    return path.join(real, path.basename(key));
  }

  return {
    name: folder,
    async put(key, file, signal) {
      signal.throwIfAborted();
      const part = path.join(staging, randomBytes(8).toString("hex"));
      try {
        const place = await placeOf(key);
        if (await isThere(place)) return "taken";
        await mkdir(staging, { recursive: true });
        await copyFile(file.file, part, constants.COPYFILE_FICLONE);
        await sync(part);
        if (!isSame(await contentOfFile(part, signal), file))
          throw new CannotRun(`${file.file} was changed while it was copied: run move again`);
        const isNew = await appear(part, place);
        await syncFolder(path.dirname(place));
        return isNew ? "stored" : "taken";
      } catch (error) {
        if (error instanceof CannotRun || signal.aborted) throw error;
        throw new CannotRun(`${key} cannot be written to ${folder} (${codeOf(error)})`, { cause: error });
      } finally {
        await rm(part, { force: true });
      }
    },
    async read(key, signal) {
      try {
        const place = path.join(root, key);
        return (await isThere(place)) ? await contentOfFile(place, signal) : undefined;
      } catch (error) {
        if (signal.aborted) throw error;
        throw new CannotRun(`${key} cannot be read back from ${folder} (${codeOf(error)})`, { cause: error });
      }
    },
    async close() {
      await rm(staging, { recursive: true, force: true });
    },
  };
}

// --- parts ---

/** Gives a whole file its name, unless the name is taken. @returns whether it was free. */
async function appear(part: string, place: string): Promise<boolean> {
  try {
    await link(part, place);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    // Some file systems have no hard links.
    if (!/^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/.test(codeOf(error))) throw error;
    if (await isThere(place)) return false;
    await rename(part, place);
    return true;
  }
}

async function isThere(place: string): Promise<boolean> {
  return lstat(place).then(
    () => true,
    (error: unknown) => {
      if (/^(?:ENOENT|ENOTDIR)$/.test(codeOf(error))) return false;
      throw error;
    },
  );
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
