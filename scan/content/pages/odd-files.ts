import type { Dirent, Stats } from "node:fs";
import path from "node:path";
import type { Finding } from "../../findings.ts";

/** Why an entry of `content/` is left out, and what Hugo does with it. */
export interface Oddity {
  /** `error` where Hugo builds nothing either, or publishes what the scan cannot see. */
  readonly severity: Finding["severity"];
  readonly message: string;
  /** Whether a folder is left out, or may be. */
  readonly isFolder: boolean;
}

/** One finding for each. */
export function oddFinding(file: string, { severity, message }: Oddity, site: string): Finding {
  return { severity, file: nameInSite(file, site), line: 1, column: 1, message: `it ${message}` };
}

/** For reports: relative to the site, with forward slashes. */
export function nameInSite(file: string, site: string): string {
  return path.relative(site, file).split(path.sep).join("/");
}

/** What is neither a file nor a folder that Hugo takes; undefined for what is. */
export function oddKind(
  entry: Dirent,
  target: Pick<Stats | Dirent, "isFile" | "isDirectory" | "isFIFO" | "isSocket">,
  hugoMinor: number,
): Oddity | undefined {
  if (entry.isSymbolicLink() && hugoMinor >= FOLLOWS_NO_LINKS) return leftOut(target.isDirectory());
  if (target.isFile() || target.isDirectory()) return undefined;
  if (target.isFIFO()) return error("is a pipe: Hugo waits for it without end");
  return error(`is a ${target.isSocket() ? "socket" : "device"}: Hugo's build fails on it`);
}

/** What an entry is whose target cannot be asked for. */
export function oddTarget(entry: Dirent, failure: unknown, hugoMinor: number): Oddity {
  const code = codeOf(failure);
  if (!entry.isSymbolicLink()) {
    if (code === "ENOENT" && entry.name.includes("\ufffd"))
      return { ...error("has a name that is not UTF-8, so it cannot be scanned: rename it"), isFolder: true };
    return unreadable(failure);
  }
  if (hugoMinor >= FOLLOWS_NO_LINKS) return leftOut(false);
  if (code === "ENOENT" || code === "ENOTDIR")
    return warning("is a link that leads nowhere: Hugo may leave out the pages beside it too");
  if (code === "ELOOP") return error("is a link that leads to itself: Hugo's build fails on it");
  return unreadable(failure);
}

/** A file or folder that the system does not give. */
export function unreadable(failure: unknown): Oddity {
  return { ...error(`cannot be read (${codeOf(failure)}): Hugo's build fails on it`), isFolder: true };
}

export function tooLarge(limit: number): Oddity {
  return error(`is too large to be scanned (limit ${limit / 2 ** 20} MiB)`);
}

export const LINKED_TWICE: Oddity = {
  severity: "warning",
  message: "is a link to a folder that is read already: it is read once",
  isFolder: true,
};

// --- parts ---

/** Since 0.123 symbolic links within `content/` are no part of a site. */
const FOLLOWS_NO_LINKS = 123;

function leftOut(isFolder: boolean): Oddity {
  return {
    ...warning("is a symbolic link: Hugo leaves it out since 0.123; mount what it leads to"),
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
