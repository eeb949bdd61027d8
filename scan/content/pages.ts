import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Finding } from "../findings.ts";
import { toTexts } from "../site/config/cast.ts";
import { treeAt } from "../site/config/tree.ts";
import type { SiteLanguage } from "../site/language.ts";
import { isDue, isRendered, type PageKind } from "../site/publish-rules.ts";
import type { Site } from "../site/site.ts";
import { type Cascade, parseCascade, takesLanguage, withCascades, withParams } from "./pages/cascade.ts";
import { type ContentFile, type ContentFolder, contentRoot } from "./pages/content-folder.ts";
import { type ContentName, parseContentName } from "./pages/content-name.ts";
import { type SplitPage, splitFrontMatter } from "./pages/front-matter.ts";
import { type Markup, markupNamed, markupOf } from "./pages/markup.ts";
import { nameInSite, type Oddity, oddFinding, tooLarge, unreadable } from "./pages/odd-files.ts";
import { resourceFiles } from "./pages/resources.ts";

/** A content file that Hugo renders, in one language. */
export interface Page extends SplitPage {
  /** Relative to the site, with forward slashes, for reports. */
  readonly file: string;
  readonly language: SiteLanguage;
  /** Below `content/`, with a slash at its end, or empty; relative keys can be relative to it. */
  readonly folder: string;
  /** The page's own files by their names in lower case; read at the first use. */
  resources(): ReadonlyMap<string, string>;
  /** Front matter, including the values that it inherits from sections, as templates see it. */
  readonly values: SplitPage["values"];
  readonly markup: Markup;
}

/**
 * The pages of a site that Hugo would publish now, each with its text. They are read one at a time, so that a site of any
 * size fits in memory.
 * @param onFinding is called for each file or folder that cannot be read; the others are still read.
 */
export function* publishedPages(
  site: Site,
  now: Date,
  onFinding: (finding: Finding) => void,
): Generator<Page> {
  const onOdd = (file: string, oddity: Oddity) => onFinding(oddFinding(file, oddity, site.folder));
  const states = new Map<SiteLanguage, State>();
  for (const language of site.languages)
    states.set(language, { cascades: parseCascade(language.cascade, site.hugoMinor), hidden: false });
  yield* walkFolder(
    { site, now, onOdd, names: new Set(site.languages.map(({ name }) => name)) },
    contentRoot(site, onOdd),
    states,
  );
}

// --- walking ---

interface Walk {
  readonly site: Site;
  readonly now: Date;
  readonly onOdd: (file: string, oddity: Oddity) => void;
  /** By language. */
  readonly names: ReadonlySet<string>;
}

/** What the pages of one language in a folder inherit from the sections above it. */
interface State {
  readonly cascades: readonly Cascade[];
  /** Whether its pages are left out: before 0.123, those of a draft or future section were. */
  readonly hidden: boolean;
}

type States = ReadonlyMap<SiteLanguage, State>;

function* walkFolder(walk: Walk, folder: ContentFolder, states: States): Generator<Page> {
  const files = contentFiles(walk, folder);
  const leaves = files.filter(({ bundle }) => bundle === "leaf");
  // A leaf bundle: everything else in it, also in subfolders, is a resource of the page.
  if (leaves.length > 0) return yield* pagesOf(walk, folder, leaves, states);

  const inner = new Map(states);
  const sections = files.filter(({ bundle }) => bundle === "branch");
  for (const { page, cascade, published, due } of readFiles(walk, folder, sections, states)) {
    const { cascades = [], hidden = false } = states.get(page.language) ?? {};
    const hides = !due && walk.site.hugoMinor < 123 && folder.path !== "";
    inner.set(page.language, { cascades: [...cascade, ...cascades], hidden: hidden || hides });
    if (published) yield page;
  }
  yield* pagesOf(
    walk,
    folder,
    files.filter(({ bundle }) => bundle === "none"),
    inner,
  );
  for (const below of folder.folders()) yield* walkFolder(walk, below, inner);
}

function* pagesOf(
  walk: Walk,
  folder: ContentFolder,
  files: readonly NamedFile[],
  states: States,
): Generator<Page> {
  for (const { page, published } of readFiles(walk, folder, files, states)) if (published) yield page;
}

// --- files ---

interface NamedFile extends ContentFile, ContentName {
  readonly markup: Markup;
}

function contentFiles({ site, names }: Walk, folder: ContentFolder): NamedFile[] {
  const { hugoMinor, disabledLanguages } = site;
  return folder.files.flatMap((file) => {
    const markup = markupOf(file.name, hugoMinor);
    const name = markup && parseContentName(file.name, { languages: names, disabledLanguages, hugoMinor });
    return name === undefined || markup === undefined ? [] : [{ ...file, ...name, markup }];
  });
}

interface Read {
  readonly page: Page;
  /** The values that the pages below it inherit, if it is a section's page. */
  readonly cascade: readonly Cascade[];
  readonly published: boolean;
  /** Whether it is published, apart from its kind and its `build` options. */
  readonly due: boolean;
}

/** Each file once for each of its languages; the first file of a name and language counts. */
function* readFiles(
  walk: Walk,
  folder: ContentFolder,
  files: readonly NamedFile[],
  states: States,
): Generator<Read> {
  const seen = new Set<string>();
  for (const file of files) {
    const text = readText(walk, file.file);
    if (text === undefined) continue;
    const split = splitFrontMatter(text, walk.site.hugoMinor);
    for (const language of languagesOf(walk.site, file, split.values)) {
      const base = walk.site.hugoMinor < 123 ? file.base + path.extname(file.name) : file.base;
      const name = `${base} ${language.name}`;
      const state = states.get(language);
      if (seen.has(name) || state === undefined) continue;
      seen.add(name);
      if (!state.hidden) yield readPage(walk, folder, { file, split, language }, state.cascades);
    }
  }
}

/** Maximum bytes of a content file. Reading takes several times as much, of the memory that a scan may use. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;

function readText({ onOdd }: Walk, file: string): string | undefined {
  try {
    if (statSync(file).size <= MAX_PAGE_BYTES) return readFileSync(file, "utf8");
    onOdd(file, tooLarge(MAX_PAGE_BYTES));
  } catch (error) {
    onOdd(file, unreadable(error));
  }
  return undefined;
}

/** The language in the name, else the mount's, else that in the front matter; from 0.153 on, front matter comes first. */
function languagesOf(site: Site, file: NamedFile, values: SplitPage["values"]): readonly SiteLanguage[] {
  const wanted =
    site.hugoMinor >= 153 && values.sites !== undefined
      ? toTexts(treeAt(values, "sites", "matrix").languages)
      : [];
  const patterns =
    wanted.length > 0 ? wanted : file.language !== undefined ? [file.language] : file.mount.languages;
  if (patterns.length === 0) return [site.main];
  return site.languages.filter(({ name }) => takesLanguage(patterns, name));
}

// --- one page ---

interface FileIn {
  readonly file: NamedFile;
  readonly split: SplitPage;
  readonly language: SiteLanguage;
}

function readPage(
  { site, now }: Walk,
  folder: ContentFolder,
  { file, split, language }: FileIn,
  cascades: readonly Cascade[],
): Read {
  const { hugoMinor, environment } = site;
  const kind = kindOf(file, folder, language);
  // The cascade also reaches the page itself; from 0.123 on, also a page that is not a section.
  const gives = file.bundle === "branch" || hugoMinor >= 123;
  const given = split.values.cascade;
  const cascade = gives && given !== undefined ? parseCascade(given, hugoMinor) : [];
  const target = { path: pagePath(file, folder, hugoMinor), kind, language: language.name, environment };
  const values = withCascades(split.values, [...cascade, ...cascades], target);
  const dated = {
    name: file.bundle === "none" ? file.base : path.posix.basename(folder.path),
    modified: () => statSync(file.file).mtime,
  };
  const page: Page = {
    ...split,
    language,
    values: withParams(values, hugoMinor),
    file: nameInSite(file.file, site.folder),
    folder: folder.path === "" ? "" : `${folder.path}/`,
    resources: once(() => resourceFiles({ folder, name: file, language, meta: values.resources }, site)),
    markup: values.markup === undefined ? file.markup : markupNamed(values.markup),
  };
  const due = isDue(values, dated, language, now);
  return { page, cascade, due, published: due && isRendered(values, kind, file.base === "index", language) };
}

function kindOf(
  { bundle }: ContentName,
  { path: at }: ContentFolder,
  { taxonomies }: SiteLanguage,
): PageKind {
  if (bundle !== "branch") return "page";
  if (at === "") return "home";
  const [first = "", ...rest] = at.split("/");
  return taxonomies.has(first) ? (rest.length === 0 ? "taxonomy" : "term") : "section";
}

/** Before 0.123 the file's name; since then without bundle name, extension and language. */
function pagePath(file: NamedFile, { path: at }: ContentFolder, hugoMinor: number): string {
  if (hugoMinor < 123) return path.posix.join("/", at, file.name);
  const name = file.bundle === "none" ? file.base : "";
  return path.posix.join("/", at.toLowerCase().replaceAll(" ", "-"), name);
}

function once<T>(work: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: work() };
    return result.value;
  };
}
