import type { Dirent, Stats } from "node:fs";
import path from "node:path";
import type { Finding } from "../../findings.ts";

/** Why an entry of `content/` is left out, and what Hugo does with it. */
export interface Oddity {
  /** `error` if Hugo's build fails too, or if Hugo publishes something that the scan cannot see. */
  readonly severity: Finding["severity"];
  readonly message: string;
  /** Whether a folder is, or may be, left out. */
  readonly isFolder: boolean;
}

/** One finding for each entry. */
export function oddFinding(file: string, { severity, message }: Oddity, site: string): Finding {
  return { severity, file: nameInSite(file, site), line: 1, column: 1, message: `it ${message}` };
}

/** Relative to the site, with forward slashes, for reports. */
export function nameInSite(file: string, site: string): string {
  // Nearly all are below the site: path.relative() resolves both names, which takes as long as the rest of a small page.
  const below = file.startsWith(site + path.sep) ? file.slice(site.length + 1) : path.relative(site, file);
  return path.sep === "/" ? below : below.split(path.sep).join("/");
}

/** Describes an entry that is neither a file nor a folder for Hugo; undefined for ordinary entries. */
export function oddKind(
  entry: Dirent,
  target: Pick<Stats | Dirent, "isFile" | "isDirectory" | "isFIFO" | "isSocket">,
  hugoMinor: number,
): Oddity | undefined {
  if (entry.isSymbolicLink() && hugoMinor >= FOLLOWS_NO_LINKS) return leftOut(target.isDirectory());
  if (target.isFile() || target.isDirectory()) return undefined;
  if (target.isFIFO()) return error("is a pipe: Hugo waits for it forever");
  return error(`is a ${target.isSocket() ? "socket" : "device"}: Hugo's build fails on it`);
}

/** Describes an entry whose target cannot be read. */
export function oddTarget(entry: Dirent, failure: unknown, hugoMinor: number): Oddity {
  const code = codeOf(failure);
  if (!entry.isSymbolicLink()) {
    if (code === "ENOENT" && entry.name.includes("\ufffd"))
      return { ...error("has a name that is not UTF-8, so it cannot be scanned: rename it"), isFolder: true };
    return unreadable(failure);
  }
  if (hugoMinor >= FOLLOWS_NO_LINKS) return leftOut(false);
  if (code === "ENOENT" || code === "ENOTDIR")
    return warning("is a broken link: Hugo may also leave out the pages beside it");
  if (code === "ELOOP") return error("is a link to itself: Hugo's build fails");
  return unreadable(failure);
}

/** A file or folder that the system refuses to read. */
export function unreadable(failure: unknown): Oddity {
  return { ...error(`cannot be read (${codeOf(failure)}): Hugo's build fails on it`), isFolder: true };
}

export function tooLarge(limit: number): Oddity {
  return error(`is too large to scan (limit ${limit / 2 ** 20} MiB)`);
}

export const LINKED_TWICE: Oddity = {
  severity: "warning",
  message: "is a link to a folder that is already read: its pages are read once",
  isFolder: true,
};

// --- parts ---

/** Since 0.123, Hugo ignores symbolic links inside `content/`. */
const FOLLOWS_NO_LINKS = 123;

function leftOut(isFolder: boolean): Oddity {
  return {
    ...warning("is a symbolic link, which Hugo ignores since 0.123: mount its target instead"),
    isFolder,
  };
}

function error(message: string): Oddity {
  return { severity: "error", message, isFolder: false };
}

function warning(message: string): Oddity {
  return { severity: "warning", message, isFolder: false };
}

function codeOf(failure: unknown): string {
  if (failure instanceof Error && "code" in failure) return String(failure.code);
  return failure instanceof Error ? failure.message : String(failure);
}
