import { TEMPORARY } from "../manifest.ts";

/**
 * What a person can do about a file or folder that the system refuses.
 * @returns undefined for another error.
 */
export function systemErrorWords(error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error && "path" in error)) return undefined;
  const words = remedies.find(([codes]) => codes.includes(String(error.code)))?.[1];
  const file = String("dest" in error ? error.dest : error.path).replace(TEMPORARY, "");
  return words && `${file}: ${words} (${error.code})`;
}

const remedies: readonly (readonly [codes: readonly string[], words: string])[] = [
  [
    ["EACCES", "EPERM"],
    "this user has no permission for it: change its owner or permissions, or run this as the owner of the site's files",
  ],
  [["EROFS"], "its file system is read-only: use a folder that can be written"],
  [["ENOSPC", "EDQUOT"], "its disk or quota is full: free some space"],
  [["ENOTDIR", "EEXIST"], "a part of this path is a file, not a folder: rename or remove that file"],
  [["EISDIR"], "a folder has this name, where a file is needed: rename the folder, or choose another name"],
  [["ENOENT"], "a folder on this path does not exist, or is a link to nowhere: create it"],
  [["ELOOP"], "links on this path lead in a circle: remove them"],
  [["ENAMETOOLONG"], "this name is too long for its file system: choose a shorter one"],
];
