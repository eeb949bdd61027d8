import { lstat, open, readlink, realpath } from "node:fs/promises";
import path from "node:path";
import { formats } from "../../contract/formats.ts";
import { keyProblem } from "../../contract/url/key.ts";
import { CannotRun } from "../cannot-run.ts";
import { entriesBelow } from "../site/entries-below.ts";
import type { Mount } from "../site/modules/mounts.ts";
import type { Site } from "../site/site.ts";
import { contentOfFile } from "./target/content.ts";
import type { LocalFile } from "./target/target.ts";

/** A photograph among the site's own files. */
export interface LocalPhoto extends LocalFile {
  /** Relative to the site. */
  readonly name: string;
  readonly component: "content" | "assets" | "static";
  /** Its path below content/, static/ or assets/: its key in the bucket, unless another file has that. */
  readonly path: string;
}

/** The site's own photographs. */
export interface LocalPhotos {
  readonly photos: readonly LocalPhoto[];
  /** Those that cannot be moved, by their name, with the reason. */
  readonly kept: ReadonlyMap<string, string>;
}

/** The endings of the formats that the server makes variants of, for a regular expression. An SVG is a drawing. */
export const PHOTO_ENDINGS: string = Object.values(formats)
  .filter(({ written }) => written !== "never")
  .flatMap(({ extensions }) => extensions)
  .join("|");

const PHOTO = new RegExp(`\\.(?:${PHOTO_ENDINGS})$`, "i");

/** How the bytes of these formats begin; a browser also shows others under their names. */
const SIGNATURE =
  /^(?:\xff\xd8\xff|\x89PNG|GIF8|RIFF[\s\S]{4}WEBP|[\s\S]{4}ftyp(?:avi[fs]|mi[af]1?[\s\S]{0,48}avif))/;

/**
 * The photographs in content/, assets/ and static/, in Hugo's order, without those of themes.
 * @throws CannotRun if git has only pointers of some: LFS or git-annex.
 */
export async function localPhotos(site: Site, signal: AbortSignal): Promise<LocalPhotos> {
  const photos = new Map<string, LocalPhoto>();
  const kept = new Map<string, string>();
  const pointers: string[] = [];
  const mounts = (["content", "assets", "static"] as const).flatMap((component) =>
    site.mounts[component].map((mount) => ({ component, mount })),
  );
  for (const { component, mount } of mounts) {
    if (!isOwn(mount.source, site)) continue;
    for (const below of await photosIn(mount)) {
      signal.throwIfAborted();
      const file = path.join(mount.source, below);
      const name = nameOf(file, site);
      if (photos.has(name) || kept.has(name)) continue;
      const pointer = await pointerKind(file);
      const reason = pointer === undefined ? await reasonToKeep(file, name) : undefined;
      if (pointer !== undefined) pointers.push(`${name} is a pointer of ${pointer}`);
      else if (reason !== undefined) kept.set(name, reason);
      else {
        const at = path.posix.join(mount.target, below.split(path.sep).join("/"));
        photos.set(name, { name, component, path: at, file, ...(await contentOfFile(file, signal)) });
      }
    }
  }
  if (pointers.length > 0) throw new CannotRun(pointerWords(pointers));
  return { photos: [...photos.values()], kept };
}

/** Relative to the site, with forward slashes. */
export function nameOf(file: string, site: Pick<Site, "folder">): string {
  return path.relative(site.folder, file).split(path.sep).join("/");
}

/** Whether a file belongs to the site itself, and not to a theme or to another folder. */
export function isOwn(file: string, site: Pick<Site, "folder" | "modules">): boolean {
  const isBelow = (folder: string) => file === folder || file.startsWith(folder + path.sep);
  const others = ["themes", "_vendor", "node_modules"].map((name) => path.join(site.folder, name));
  const modules = site.modules.flatMap(({ folder }) => (folder === undefined ? [] : [folder]));
  return (
    isBelow(site.folder) &&
    ![...others, ...modules].some((folder) => folder !== site.folder && isBelow(folder))
  );
}

// --- parts ---

async function photosIn(mount: Mount): Promise<string[]> {
  const found = await lstat(mount.source);
  if (!found.isDirectory()) return [];
  const entries = await entriesBelow(mount.source);
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && PHOTO.test(entry.name))
    .map((entry) => path.relative(mount.source, path.join(entry.parentPath, entry.name)))
    .filter((below) => mount.takes(below, false))
    .sort();
}

async function reasonToKeep(file: string, name: string): Promise<string | undefined> {
  const found = await lstat(file);
  if (found.isSymbolicLink()) return "it is a symbolic link";
  if ((await realpath(file)) !== file) return "a folder above it is a symbolic link";
  if (found.size === 0) return "it is empty";
  if (!SIGNATURE.test(await startOf(file)))
    return "its bytes are no JPEG, PNG, WebP, AVIF or GIF, whatever its name";
  if (name.includes("\ufffd")) return "its name is not UTF-8";
  const problem = keyProblem(name);
  return problem === undefined ? undefined : `its name ${problem}`;
}

/** Files that stand for a photograph which git does not have. */
async function pointerKind(file: string): Promise<"Git LFS" | "git-annex" | undefined> {
  const found = await lstat(file);
  if (found.isSymbolicLink())
    return /(?:^|\/)\.git\/annex\/objects\//.test(await readlink(file)) ? "git-annex" : undefined;
  // A pointer has about 130 bytes; git-annex limits its own to 32 KiB.
  if (found.size > 32 * 1024) return undefined;
  const start = await startOf(file);
  if (start.startsWith("version https://git-lfs.github.com/spec/")) return "Git LFS";
  return start.startsWith("/annex/objects/") ? "git-annex" : undefined;
}

async function startOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function pointerWords(pointers: readonly string[]): string {
  const more = pointers.length > 5 ? `\nand ${pointers.length - 5} more` : "";
  const lfs = pointers.some((words) => words.endsWith("LFS")) ? ["git lfs pull"] : [];
  const annex = pointers.some((words) => words.endsWith("annex"))
    ? ["git annex get . && git annex unlock ."]
    : [];
  return `the photographs themselves are not here: run ${[...lfs, ...annex].join(", then ")}\n${pointers.slice(0, 5).join("\n")}${more}`;
}
