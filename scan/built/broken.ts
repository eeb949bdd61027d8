import path from "node:path";
import { parseDestination } from "../../contract/page/destination.ts";
import type { SiteParams } from "../../contract/page/params.ts";
import { keyProblem } from "../../contract/url/key.ts";
import { CannotRun } from "../cannot-run.ts";
import { counted } from "../counted.ts";
import type { Finding } from "../findings.ts";
import { parseGlob } from "../site/glob.ts";
import type { BrokenReference } from "./built-site.ts";

/** The page of a reference, for keys that are relative to it. */
export interface ReferencePage {
  readonly params: SiteParams;
  /** Names of languages, with which paths of the site can begin. */
  readonly languages: readonly string[];
  /** The folder of its content file below `content/`, with a slash at its end; empty if it is unknown. */
  readonly folder: string;
  /** The content file, relative to the site. */
  readonly source?: string | undefined;
}

/**
 * The possible keys of a reference in the bucket, most likely first: as the hook would read it, as a path of the site, and as a path
 * in the page's folder.
 */
export function keysOf(
  { url, file, target }: Pick<BrokenReference, "url" | "file" | "target">,
  { params, folder, languages }: Omit<ReferencePage, "source">,
): string[] {
  const meant = parseDestination(url.trim(), params, folder);
  const own = file.replace(/[^/]*$/, "");
  const keys = [
    ...(meant.kind === "photo" ? meant.keys : []),
    target.path,
    ...(own !== "" && target.path.startsWith(own) ? [target.path.slice(own.length)] : []),
    ...languages
      .filter((name) => target.path.startsWith(`${name}/`))
      .map((name) => target.path.slice(name.length + 1)),
  ];
  return [...new Set(keys)].filter((key) => keyProblem(key) === undefined);
}

/** @throws CannotRun for an invalid pattern. */
export function parseIgnored(
  patterns: readonly string[],
): (reference: Pick<BrokenReference, "url" | "target">) => boolean {
  const ignored = patterns.map((pattern) => {
    const matches = parseGlob(pattern.replace(/^\/+/, ""));
    if (matches === undefined)
      throw new CannotRun(`--ignore takes a glob such as "demo/**"; it is ${pattern}`);
    return matches;
  });
  return ({ url, target }) =>
    ignored.some((matches) => matches(target.path) || matches(url.replace(/^\/+/, "")));
}

/** Findings about broken references: one for each image, at the first page that names it. */
export function brokenFindings(
  references: readonly BrokenReference[],
  options: {
    /** The folder as written on the command line. */
    readonly built: string;
    pageOf(file: string): ReferencePage;
    isIgnored(reference: BrokenReference): boolean;
    /** The bucket's photograph for a reference, if it has one. */
    confirmed(reference: BrokenReference): { readonly key: string } | undefined;
    /** Why a file was not rewritten, if a rewrite was tried. */
    reasonOf(file: string): string | undefined;
  },
): Finding[] {
  const groups = new Map<string, BrokenReference[]>();
  for (const reference of references) {
    if (options.isIgnored(reference)) continue;
    const key = options.confirmed(reference)?.key;
    const { kind, path } = reference.target;
    // Files outside of baseURL's path can belong to another site.
    if (kind === "outside" && !reference.target.isThere && key === undefined) continue;
    const name = key === undefined ? `${kind} ${path}` : `key ${key}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(reference);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { source } = options.pageOf(first.file);
    const reason = options.reasonOf(first.file);
    const words = [
      wordsFor(first, options.confirmed(first)?.key, reason),
      placesWords(group),
      ...(source === undefined ? [] : [`source page: ${source}`]),
    ];
    const { line, column } = first;
    const file = path.posix.join(options.built, first.file);
    return [{ severity: "error", file, line, column, message: words.join("; ") }];
  });
}

// --- words ---

function wordsFor(
  { what, target, file }: BrokenReference,
  key: string | undefined,
  reason: string | undefined,
): string {
  if (key !== undefined) {
    const remedy =
      reason === undefined
        ? "run scan --check with --rewrite, or follow the theme's recipe in hugo-module/themes"
        : `--rewrite leaves ${file} as it is: ${reason}`;
    return `${key} is in the bucket and not in the built site, and ${what} names it without the proxy: ${remedy}`;
  }
  if (target.kind === "outside")
    return `/${target.path} (${what}) is outside of baseURL's path, so the site's ${target.path} is not found: print it with relURL or absURL`;
  if (target.nearest !== undefined)
    return `${target.path} (${what}) is ${target.nearest} in the built site: most hosts distinguish capitals and forms of accents`;
  return `${target.path} (${what}) is not in the built site: correct the name, put the file into static/, or except it with --ignore ${target.path}`;
}

function placesWords(group: readonly BrokenReference[]): string {
  const files = new Set(group.map(({ file }) => file));
  return `${counted(group.length, "reference")} in ${counted(files.size, "file")}`;
}
