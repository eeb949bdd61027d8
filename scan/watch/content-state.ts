import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Site } from "../site/site.ts";

/**
 * A text that changes when a file of the content or of the site's configuration does: by names, times and sizes. Files whose
 * name ends like those that editors write for a moment do not count.
 */
export async function contentState({ folder, mounts }: Pick<Site, "folder" | "mounts">): Promise<string> {
  const roots = [...mounts.content.map(({ source }) => source), path.join(folder, "config")];
  const hash = createHash("sha256");
  for (const name of await namesIn(folder))
    if (/\.(?:toml|ya?ml|json)$/.test(name)) hash.update(await describe(path.join(folder, name)));
  for (const root of new Set(roots)) {
    hash.update(await describe(root));
    for (const name of (await namesIn(root, true)).sort()) hash.update(await describe(path.join(root, name)));
  }
  return hash.digest("hex");
}

async function namesIn(folder: string, recursive = false): Promise<string[]> {
  const names = await readdir(folder, { recursive }).catch(() => []);
  return names.filter((name) => !/(?:~|\.sw[a-z]|\.tmp)$|(?:^|\/)\.#/.test(name));
}

/** An empty text for what is not there, or no longer. */
async function describe(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  // A folder's own time says nothing that the names in it do not.
  return found === undefined || found.isDirectory() ? "" : `${file}\0${found.mtimeMs}\0${found.size}\n`;
}
