import { lstat, readdir, readFile, realpath, rm, unlink } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import type { Change } from "../init/change.ts";
import { syncFolder, TEMPORARY, writeWhole } from "../manifest.ts";
import type { Photograph } from "./choose.ts";
import { contentOfFile, isSame } from "./target/content.ts";

/** What is changed in the site itself. */
export interface Planned {
  readonly changes: readonly Change[];
  readonly photographs: readonly Photograph[];
}

/**
 * Changes the site: writes its files, each whole and on the disk, then deletes the photographs. A process that is killed leaves files that
 * are old or new, and every photograph whose page still needs it. A second call does the rest.
 * @throws CannotRun before anything is changed, if a file is neither as planned nor as it shall become.
 */
export async function applyMove(
  site: string,
  { changes, photographs }: Planned,
  signal: AbortSignal,
): Promise<void> {
  const root = await realpath(site);
  const toWrite: Change[] = [];
  for (const change of changes) {
    const now = await readFile(path.join(root, change.file), "utf8").catch(() => undefined);
    if (now === change.before) toWrite.push(change);
    else if (now !== change.after) throw changedMeanwhile(change.file);
  }
  const toDelete: string[] = [];
  for (const photograph of photographs) {
    const file = path.join(root, photograph.name);
    if (!(await isThere(file))) continue;
    if ((await realpath(file)) !== file || !isSame(await contentOfFile(file, signal), photograph))
      throw changedMeanwhile(photograph.name);
    toDelete.push(file);
  }
  for (const { file, after } of toWrite) {
    signal.throwIfAborted();
    await removeParts(path.join(root, file));
    await writeWhole(path.join(root, file), after);
  }
  for (const file of toDelete) {
    signal.throwIfAborted();
    await unlink(file);
  }
  for (const folder of new Set(toDelete.map((file) => path.dirname(file)))) await syncFolder(folder);
}

/** What a call left that was killed while it wrote this file. Hugo would publish it. */
async function removeParts(file: string): Promise<void> {
  const folder = path.dirname(file);
  for (const name of await readdir(folder))
    if (TEMPORARY.test(name) && path.join(folder, name.replace(TEMPORARY, "")) === file)
      await rm(path.join(folder, name), { force: true });
}

function changedMeanwhile(file: string): CannotRun {
  return new CannotRun(`${file} was changed meanwhile: run move again`);
}

async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
      throw error;
    },
  );
}
