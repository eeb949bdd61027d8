import { lstat, mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { writeWhole } from "../manifest.ts";
import { readText } from "../read-text.ts";
import type { Change } from "./change.ts";

/**
 * Writes files one after the other, each whole or not at all, so that a site whose init is killed still builds.
 * @throws CannotRun before anything is written, if a file is outside the site, or was changed since it was read.
 */
export async function writeChanges(site: string, changes: readonly Change[]): Promise<void> {
  const targets: string[] = [];
  for (const change of changes) targets.push(await targetOf(site, change));
  for (const [at, { after }] of changes.entries()) {
    const target = targets[at] ?? "";
    await mkdir(path.dirname(target), { recursive: true });
    await writeWhole(target, after);
  }
}

/** The file itself: a rename over a link would replace the link. @throws CannotRun */
export async function targetOf(site: string, { file, before }: Change): Promise<string> {
  const root = await realpath(site);
  const target = await realPath(path.resolve(site, file));
  const below = path.relative(root, target);
  if (below.startsWith("..") || path.isAbsolute(below))
    throw new CannotRun(`${file} leads out of the site, to ${target}: init writes only inside the site`);
  const now = await readText(target).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CannotRun(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (now !== before) throw new CannotRun(`${file} was changed meanwhile: run init again`);
  return target;
}

/** The real path of a file that may not exist yet: of its nearest folder that does. A link to nowhere leads out. */
async function realPath(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    if (await isLink(file)) throw new CannotRun(`${file} is a link to a file that does not exist`);
    return path.join(await realPath(path.dirname(file)), path.basename(file));
  }
}

async function isLink(file: string): Promise<boolean> {
  return lstat(file).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}
