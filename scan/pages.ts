import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { type Cascade, parseCascade, withCascades } from "./pages/cascade.ts";
import { type SplitPage, splitFrontMatter } from "./pages/front-matter.ts";
import { isPublished } from "./pages/published.ts";
import type { Mount } from "./site/mounts.ts";
import type { Site } from "./site.ts";

/** A content file that Hugo renders. */
export interface Page extends SplitPage {
  /** For reports: relative to the site, with forward slashes. */
  readonly file: string;
  /** Below `content/`, with a slash at its end, or empty: what relative keys may be relative to. */
  readonly folder: string;
  /** Where on this machine Hugo looks for the page's own resources, and whether below it too; only bundles have any. */
  readonly resources?: { readonly folder: string; readonly deep: boolean };
  /** Front matter with what sections above gave. */
  readonly values: SplitPage["values"];
  readonly markup: "markdown" | "html" | "other";
}

/**
 * The pages of a site as Hugo would publish them now, each with its text: one at a time, so that a site of any size
 * fits in memory. Files are read synchronously: one after the other that is several times faster, and nothing else is to
 * be done meanwhile.
 */
export function* publishedPages(site: Site, now: Date): Generator<Page> {
  const seen = new Set<string>();
  for (const mount of site.mounts.content.map(folderMount)) {
    const cascades = parseCascade(site.cascade);
    const walk: Walk = { site, mount, now };
    for (const page of walkFolder(walk, "", cascades)) {
      // A theme's page gives way to the site's own of the same path.
      const name = path.posix.join(
        mount.target,
        path.relative(mount.source, path.resolve(site.folder, page.file)),
      );
      if (mount.theme && seen.has(name)) continue;
      seen.add(name);
      yield page;
    }
  }
}

// --- walking ---

/** A mounted file is a mount of its folder that takes nothing else. */
function folderMount(mount: Mount): Mount {
  if (statSync(mount.source).isDirectory()) return mount;
  const name = path.basename(mount.source);
  return {
    source: path.dirname(mount.source),
    target: mount.target.split("/").slice(0, -1).join("/"),
    takes: (below) => below === name,
    theme: mount.theme,
  };
}

interface Walk {
  readonly site: Site;
  readonly mount: Mount;
  readonly now: Date;
}

function* walkFolder(walk: Walk, below: string, cascades: readonly Cascade[]): Generator<Page> {
  const entries = readEntries(walk, below);
  const contents = entries.files.filter((name) => isContent(name, walk.site));
  const bundle = contents.filter((name) => bundleOf(name) === "leaf");
  if (bundle.length > 0) {
    // A leaf bundle: whatever else is in it, deeper too, is its resource.
    for (const name of bundle) yield* visitFile(walk, below, name, cascades);
    return;
  }
  let inherited = cascades;
  let skipChildren = false;
  for (const name of contents.filter((name) => bundleOf(name) === "branch")) {
    const { page, published } = readPage(walk, below, name, cascades);
    inherited = [...parseCascade(page.values.cascade), ...inherited];
    if (published) yield page;
    else if (walk.site.hugoMinor < 123 && below !== "") skipChildren = true;
  }
  if (skipChildren) return;
  for (const name of contents.filter((name) => bundleOf(name) === "none"))
    yield* visitFile(walk, below, name, inherited);
  for (const name of entries.folders) yield* walkFolder(walk, path.posix.join(below, name), inherited);
}

function* visitFile(walk: Walk, below: string, name: string, cascades: readonly Cascade[]): Generator<Page> {
  const { page, published } = readPage(walk, below, name, cascades);
  if (published) yield page;
}

function readEntries(
  walk: Walk,
  below: string,
): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  const folder = path.join(walk.mount.source, below);
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const kept = entries.filter((entry) => !isIgnored(walk, path.posix.join(below, entry.name)));
  return {
    files: kept.filter((entry) => isFile(entry)).map((entry) => entry.name),
    folders: kept.filter((entry) => entry.isDirectory()).map((entry) => entry.name),
  };
}

function isFile(entry: Dirent): boolean {
  return entry.isFile() || entry.isSymbolicLink();
}

/** What an editor or a file manager leaves, and what the site says. */
function isIgnored(walk: Walk, below: string): boolean {
  const name = path.posix.basename(below);
  if (name.startsWith(".") || name.endsWith("~") || (name.startsWith("#") && name.endsWith("#"))) return true;
  if (!walk.mount.takes(below)) return true;
  const absolute = path.join(walk.mount.source, below);
  return walk.site.ignoreFiles.some((pattern) => pattern.test(absolute));
}

// --- one file ---

function isContent(name: string, site: Site): boolean {
  return markupOf(name, site) !== undefined;
}

function markupOf(name: string, site: Site): Page["markup"] | undefined {
  const extension = path.extname(name).slice(1);
  // Before 0.123 Hugo took extensions as they are written.
  const plain = site.hugoMinor >= 123 ? extension.toLowerCase() : extension;
  if (plain === "md" || plain === "markdown" || plain === "mdown") return "markdown";
  if (plain === "html" || plain === "htm") return "html";
  return /^(?:org|adoc|asciidoc|ad|rst|pdc|pandoc)$/.test(plain) ? "other" : undefined;
}

function bundleOf(name: string): "leaf" | "branch" | "none" {
  const base = name.split(".", 1)[0];
  return base === "index" ? "leaf" : base === "_index" ? "branch" : "none";
}

function readPage(
  walk: Walk,
  below: string,
  name: string,
  cascades: readonly Cascade[],
): { readonly page: Page; readonly published: boolean } {
  const { site, mount } = walk;
  const absolute = path.join(mount.source, below, name);
  const split = splitFrontMatter(readFileSync(absolute, "utf8"));
  const folder = path.posix.join(mount.target, below);
  const language = languageOf(name, site);
  const stem = path.posix.join(folder, path.basename(absolute).split(".", 1)[0] ?? "");
  // A section's cascade reaches the section too.
  const own = bundleOf(name) === "branch" ? parseCascade(split.values.cascade) : [];
  const values = withCascades(split.values, [...own, ...cascades], {
    path: bundleOf(name) === "none" ? stem : folder,
    kind: bundleOf(name) !== "branch" ? "page" : folder === "" || folder === "." ? "home" : "section",
    language: language ?? "",
  });
  const page: Page = {
    ...split,
    values,
    file: path.relative(site.folder, absolute).split(path.sep).join("/"),
    folder: folder === "" || folder === "." ? "" : `${folder}/`,
    ...resourcesOf(name, path.dirname(absolute), site.hugoMinor),
    markup: values.markup === undefined ? (markupOf(absolute, site) ?? "other") : markupNamed(values.markup),
  };
  const published =
    !(language !== undefined && site.disabledLanguages.has(language)) &&
    isPublished(values, bundleOf(name) === "leaf" ? `${folder}/${name}` : name, site, walk.now);
  return { page, published };
}

/** Before 0.123 a branch bundle had the files beside its `_index.md` alone. */
function resourcesOf(name: string, folder: string, hugoMinor: number): Pick<Page, "resources"> {
  const bundle = bundleOf(name);
  return bundle === "none" ? {} : { resources: { folder, deep: bundle === "leaf" || hugoMinor >= 123 } };
}

/** `x.fr.md` is in French where the site has French. */
function languageOf(name: string, site: Site): string | undefined {
  const language = name.split(".").at(-2)?.toLowerCase();
  return language !== undefined && name.split(".").length > 2 && site.languages.has(language)
    ? language
    : undefined;
}

function markupNamed(markup: unknown): Page["markup"] {
  const name = typeof markup === "string" ? markup.toLowerCase() : "";
  if (["md", "markdown", "goldmark", "mdown"].includes(name)) return "markdown";
  return name === "html" ? "html" : "other";
}
