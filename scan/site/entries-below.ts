import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";

/**
 * Everything below a folder, links included and not followed. Node's own `recursive` follows links to folders from Node 26 on.
 * @throws the system's error if one of the folders cannot be read.
 */
export async function entriesBelow(folder: string): Promise<Dirent[]> {
  const own = await readdir(folder, { withFileTypes: true });
  const below = await Promise.all(
    own
      .filter((entry) => entry.isDirectory())
      .map((entry) => entriesBelow(path.join(entry.parentPath, entry.name))),
  );
  return [...own, ...below.flat()];
}
