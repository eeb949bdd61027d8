import path from "node:path";
import { isTree } from "../../site/config/tree.ts";
import { parseGlob } from "../../site/glob.ts";
import type { SiteLanguage } from "../../site/language.ts";
import type { Site } from "../../site/site.ts";
import type { ContentFolder } from "./content-folder.ts";
import { type ContentName, parseContentName } from "./content-name.ts";
import { markupOf } from "./markup.ts";

/** The page that owns the resources. */
export interface ResourceOwner {
  /** The folder of its file. */
  readonly folder: ContentFolder;
  readonly name: Pick<ContentName, "base" | "bundle">;
  readonly language: SiteLanguage;
  /** `resources` in its front matter. */
  readonly meta: unknown;
}

/**
 * The files of a page's bundle, whatever their type, by the names with which `.Resources.Get` finds them. The names are in lower case,
 * because the lookup is case-insensitive; the files are paths on this machine.
 *
 * Before 0.123 a bundle is a folder with an `index.md`, or the files beside an `_index.md`. Since then, each file of `content/`
 * that is not a page belongs to the nearest page above it; a file in `a/` can belong to `a.md`. It is found by its name, or by
 * its path as Hugo writes paths: in lower case, without spaces and language.
 */
export function resourceFiles(owner: ResourceOwner, site: Site): ReadonlyMap<string, string> {
  const files = translated(ownedFiles(owner, site), owner.language.name);
  const sorted = files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const given = givenNames(owner.meta, site.hugoMinor);
  const names = [
    ...sorted.map((one) => [(given(one.path) ?? one.path).toLowerCase(), one.file] as const),
    ...(site.hugoMinor >= NEAREST_PAGE ? sorted.map((one) => [one.normal, one.file] as const) : []),
  ];
  // The first file of a name is found.
  return new Map(names.toReversed());
}

/** The first Hugo version that assigns each file to the nearest page above it. */
const NEAREST_PAGE = 123;

// --- files ---

interface OwnedFile {
  /** Path below the page, as on disk. */
  readonly path: string;
  /** Path on this machine. */
  readonly file: string;
  /** The same in lower case, without spaces and language. */
  readonly normal: string;
  /** Of its name, else of its mount. */
  readonly language: string | undefined;
}

function ownedFiles({ folder, name: { base, bundle } }: ResourceOwner, site: Site): OwnedFile[] {
  const nearest = site.hugoMinor >= NEAREST_PAGE;
  if (bundle === "leaf") return filesBelow(folder, "", site, true);
  if (!nearest) return bundle === "branch" ? filesIn(folder, "", site, false) : [];
  const own = bundle === "branch" ? folder : folder.folder((name) => normalPath(name) === base);
  if (own === undefined || (bundle === "none" && isBundle(own, site))) return [];
  return filesBelow(own, "", site, false);
}

/** @param isLeaf whether everything below belongs to one page; otherwise folders that are pages themselves are left out. */
function filesBelow(folder: ContentFolder, below: string, site: Site, isLeaf: boolean): OwnedFile[] {
  const files = filesIn(folder, below, site, isLeaf);
  for (const inner of folder.folders()) {
    if (!isLeaf && isPage(folder, inner, site)) continue;
    files.push(...filesBelow(inner, `${below}${path.posix.basename(inner.path)}/`, site, isLeaf));
  }
  return files;
}

/** @param withPages whether content files count, as they do in a leaf bundle. */
function filesIn(folder: ContentFolder, below: string, site: Site, withPages: boolean): OwnedFile[] {
  const { hugoMinor, disabledLanguages } = site;
  const languages = new Set(site.languages.map(({ name }) => name));
  return folder.files.flatMap(({ name, file, mount }): OwnedFile[] => {
    const parsed = parseContentName(name, { languages, disabledLanguages, hugoMinor });
    const isContent = markupOf(name, hugoMinor) !== undefined;
    if (parsed === undefined || (isContent && (!withPages || (below === "" && parsed.bundle === "leaf"))))
      return [];
    const extension = path.extname(name);
    // A name without extension has no part that can be a language.
    const base = extension === "" ? name : parsed.base + extension;
    return [
      {
        path: below + name,
        file,
        normal: normalPath(below + base),
        language: parsed.language ?? mount.languages[0],
      },
    ];
  });
}

function normalPath(text: string): string {
  return text.toLowerCase().replaceAll(" ", "-");
}

// --- pages ---

/** Whether a folder is a page: a bundle, a folder with the name of a file beside it, or a section because it has pages. */
function isPage(parent: ContentFolder, folder: ContentFolder, site: Site): boolean {
  const name = normalPath(path.posix.basename(folder.path));
  if (isBundle(folder, site) || contentNames(parent, site).some(({ base }) => base === name)) return true;
  return !folder.path.includes("/") && holdsPages(folder, site);
}

function isBundle(folder: ContentFolder, site: Site): boolean {
  return contentNames(folder, site).some(({ bundle }) => bundle !== "none");
}

function holdsPages(folder: ContentFolder, site: Site): boolean {
  if (contentNames(folder, site).length > 0) return true;
  for (const inner of folder.folders()) if (holdsPages(inner, site)) return true;
  return false;
}

function contentNames(folder: ContentFolder, site: Site): ContentName[] {
  const { hugoMinor, disabledLanguages } = site;
  const languages = new Set(site.languages.map(({ name }) => name));
  return folder.files.flatMap(({ name }) => {
    if (markupOf(name, hugoMinor) === undefined) return [];
    const parsed = parseContentName(name, { languages, disabledLanguages, hugoMinor });
    return parsed === undefined ? [] : [parsed];
  });
}

// --- languages ---

/** Of several translations of a file: the page's language, else the one without a language, else all. */
function translated(files: readonly OwnedFile[], language: string): OwnedFile[] {
  const groups = new Map<string, OwnedFile[]>();
  for (const file of files) groups.set(file.normal, [...(groups.get(file.normal) ?? []), file]);
  return [...groups.values()].flatMap((group) => {
    const own = group.filter((file) => file.language === language);
    const plain = group.filter((file) => file.language === undefined);
    return own.length > 0 ? own : plain.length > 0 ? plain : group;
  });
}

// --- front matter ---

/** The name that `resources` in the front matter gives to a file, if any. Call it in the order of the paths. */
function givenNames(meta: unknown, hugoMinor: number): (file: string) => string | undefined {
  const entries = (Array.isArray(meta) ? meta : []).flatMap((entry: unknown) => {
    if (!isTree(entry) || typeof entry.src !== "string" || entry.name === undefined) return [];
    const matches = parseGlob(entry.src);
    return matches === undefined ? [] : [{ src: entry.src, name: String(entry.name), matches }];
  });
  const counters = new Map<string, number>();
  return (file) => {
    const entry = entries.find(({ matches }) => matches(file));
    if (entry?.name.includes(":counter") !== true) return entry?.name;
    // From 0.123 to 0.161 each file counted as the first (gohugoio/hugo 5d51b82a7).
    const count = hugoMinor >= 123 && hugoMinor < 162 ? 1 : (counters.get(entry.src) ?? 0) + 1;
    counters.set(entry.src, count);
    return entry.name.replaceAll(":counter", String(count));
  };
}
