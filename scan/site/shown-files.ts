import path from "node:path";

/** A file's name for people, from its path relative to the site. */
export type ShownFile = (file: string) => string;

/**
 * A file below the folder in which the command runs is named from there, so that a terminal opens it; any other from the site.
 * @param folder absolute. @param site its folder.
 */
export function shownFrom(folder: string, site: string): ShownFile {
  const prefix = path.relative(folder, site);
  if (prefix === "") return (file) => file;
  return (file) => {
    const below = path.join(prefix, file);
    return below.startsWith("..") || path.isAbsolute(below) ? file : below.split(path.sep).join("/");
  };
}

/** A result whose lists of places name their files so. */
export function withShownFiles<Result extends object>(result: Result, shown: ShownFile): Result {
  const changed = { ...result };
  for (const [name, list] of Object.entries(result))
    if (Array.isArray(list) && list.some(hasFile))
      Object.assign(changed, {
        [name]: list.map((one: unknown) => (hasFile(one) ? { ...one, file: shown(one.file) } : one)),
      });
  return changed;
}

function hasFile(one: unknown): one is { readonly file: string } {
  return typeof one === "object" && one !== null && "file" in one && typeof one.file === "string";
}
