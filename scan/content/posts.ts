import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { unknownParams } from "../../contract/page/param-rules.ts";
import type { SiteParams } from "../../contract/page/params.ts";
import { trimSlashes } from "../../contract/url/url.ts";
import { CannotRun } from "../cannot-run.ts";
import type { Finding } from "../findings.ts";
import type { Progress } from "../progress.ts";
import { isTree } from "../site/config/tree.ts";
import { chooseTemplate } from "../site/modules/templates.ts";
import type { Site } from "../site/site.ts";
import type { Found, LocalReference, PossiblePost, SourcePage } from "./found.ts";
import { type PossibleGallery, type ResolvedList, resolveGallery, shownAt } from "./galleries.ts";
import { oddFinding, unreadable } from "./pages/odd-files.ts";
import { type Page, publishedPages } from "./pages.ts";
import { openParser } from "./references/bounded-parser.ts";
import { openMemo, type ParseMarkdown } from "./references/memo.ts";
import type { Reference, ReferenceRules } from "./references/reference.ts";
import { references } from "./references.ts";
import { createSourceResolver, type PossibleUse, type SourceResolver } from "./resolve.ts";

export interface ReadingOptions {
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Whether to store what was parsed, for the next run. */
  readonly remember: boolean;
}

/**
 * Finds every photograph that the published pages of a site name. A page with errors does not stop the others. A file that
 * is a page of several languages is several posts; its faults are reported once.
 */
export async function readPosts(site: Site, options: ReadingOptions): Promise<Found<PossiblePost>> {
  const parser = openParser(options.signal);
  const memo = await openMemo(path.join(site.folder, MEMO), MEMO_MAKER, parser.parse);
  const findings: Finding[] = [];
  const resolver = createSourceResolver({
    statics: staticFolders(site),
    assets: site.mounts.assets.map((mount) => mount.source),
    hugoMinor: site.hugoMinor,
    onUnreadable: (folder, error) => findings.push(oddFinding(folder, unreadable(error), site.folder)),
  });
  const posts: PossiblePost[] = [];
  const sources: SourcePage[] = [];
  const previews: Previews = { file: site.configFile, uses: [], seen: new Set() };
  const rawImages = new Set<string>();
  const locals: LocalReference[] = [];
  let pages = 0;
  options.progress.start("reading posts");
  let waited = performance.now();
  try {
    for (const page of publishedPages(site, options.now, (finding) => findings.push(finding))) {
      // Reading is synchronous: without this, an interrupt would wait for the last page.
      if (performance.now() - waited > BUSY) {
        await setImmediate();
        waited = performance.now();
      }
      options.signal.throwIfAborted();
      pages++;
      const { file, folder, language, values } = page;
      sources.push({ file, folder, language: { name: language.name }, values });
      options.progress.advance();
      parser.nextPage();
      const reading = { site, resolver, parse: memo.parse, previews, locals, rawImages };
      const post = await readPost(page, reading, findings);
      if (post.uses.length > 0 || post.galleries.length > 0) posts.push(post);
    }
  } finally {
    options.progress.end();
    await parser.close();
  }
  if (previews.uses.length > 0) posts.push({ file: previews.file, uses: previews.uses, galleries: [] });
  // If the site is read-only, every page is parsed each time.
  if (options.remember) await memo.save().catch(() => {});
  return {
    pages,
    posts,
    sources,
    locals,
    rawImages: rawImages.size,
    findings: [...new Map(findings.map((one) => [JSON.stringify(one), one])).values()],
  };
}

/** File that CI can keep between runs, beside the sizes of variants. */
const MEMO = "resources/imgproxy-lite/markdown.txt";

/** Increase it with every change of the parser's result. */
export const MEMO_MAKER = "parser 5";

/** Maximum time without a pause for other work, in ms. */
const BUSY = 50;

/** The image in link previews of pages without an image. It comes from the site, so it is reported once, at its configuration. */
interface Previews {
  readonly file: string;
  readonly uses: PossibleUse[];
  /** Parameters of the pages that use it. */
  readonly seen: Set<SiteParams>;
}

interface Reading {
  readonly site: Site;
  readonly resolver: SourceResolver;
  readonly parse: ParseMarkdown;
  readonly previews: Previews;
  readonly locals: LocalReference[];
  /** Places of raw `<img>` tags. */
  readonly rawImages: Set<string>;
}

async function readPost(
  page: Page,
  { site, resolver, parse, previews, locals, rawImages }: Reading,
  findings: Finding[],
): Promise<PossiblePost> {
  const note = (
    severity: Finding["severity"],
    message: string,
    at: Placed = { line: page.line, column: 1 },
  ) => findings.push({ severity, message, file: at.file ?? page.file, line: at.line, column: at.column });
  if (page.problem !== undefined && page.overLimit === true)
    note("error", `the front matter is ${page.problem}; it is read line by line instead`);
  else if (page.problem !== undefined)
    note("warning", `the front matter does not parse, so it is read line by line: ${page.problem}`);
  if (page.fault !== undefined) note("error", page.fault);
  const fault = (message: string, at?: Reference) => note("error", message, at);
  const own = paramsWith(page, {}, fault);
  if (isTree(page.values.imgproxy))
    for (const words of unknownParams(page.values.imgproxy)) note("warning", words);
  const uses: PossibleUse[] = [];
  const galleries: PossibleGallery[] = [];
  /** Of a list of keys; other galleries are known after a listing. */
  const listOf = (reference: Reference, params: SiteParams): ResolvedList => {
    if (reference.gallery === undefined) return noList;
    const found = resolveGallery(reference.gallery, reference, page, params);
    for (const warning of found.warnings) note("warning", warning, reference);
    if (found.invalid !== undefined) fault(found.invalid, reference);
    if (found.gallery !== undefined) galleries.push(found.gallery);
    return found.list ?? noList;
  };
  const named = await references(page, rulesOf(own, page, site), parse);
  if (named.problem !== undefined) note("error", named.problem.message, named.problem);
  for (const reference of named.references) {
    const { as } = reference;
    if (as === "raw") {
      rawImages.add(`${page.file}:${reference.line}:${reference.column}`);
      continue;
    }
    if (as === "spaced") {
      note("error", spacedWords(reference.destination), reference);
      continue;
    }
    if (as === "removed") {
      note("warning", removedWords(reference.destination), reference);
      continue;
    }
    if (as === "unknown") {
      note("note", SHORTCODE_IN_DESTINATION, reference);
      continue;
    }
    const params = reference.overrides
      ? paramsWith(page, reference.overrides, (message) => fault(message, reference))
      : own;
    const { gallery } = reference;
    const isCover = gallery?.isCover === true;
    const { destinations, keys, widths } = as === "gallery" ? listOf(reference, params) : noList;
    const images =
      as === "gallery"
        ? destinations.map((destination) => ({ ...reference, destination, as: "image" as const, alt: "" }))
        : [{ ...reference, as }];
    const ofGallery = gallery === undefined ? {} : { gallery: destinations.join(", ") };
    for (const [index, image] of images.entries()) {
      const preview = image.as === "preview";
      if (preview && previews.seen.has(params)) continue;
      if (preview) previews.seen.add(params);
      const { line, column } = reference;
      const at = preview ? { file: previews.file, line: 1, column: 1 } : { line, column };
      const asked = { ...image, ...at, as: image.as };
      const source = resolver.resolve(asked, preview ? noPage : page, params);
      if (source.kind === "invalid") note("error", source.problem, at);
      if (source.kind === "left" && source.local !== undefined)
        locals.push({ ...asked, ...source.local, page: preview ? previews.file : page.file });
      if (gallery !== undefined) keys[index] = source.kind === "photo" ? source.use.keys : [];
      if (source.kind !== "photo") continue;
      for (const warning of source.warnings) note("warning", warning, at);
      const use = { ...source.use, ...shownAt(widths, index), ...(isCover && { isCover }), ...ofGallery };
      (preview ? previews.uses : uses).push(use);
    }
  }
  return { file: page.file, uses, galleries };
}

const SHORTCODE_IN_DESTINATION =
  "the image's destination contains a shortcode, so its photograph is only known after hugo has run; --check reads the printed URL";

/** What `fileExists "static/…"` finds in a template: folders of that name, not other folders that are mounted there. */
function staticFolders(site: Site): string[] {
  const mounted = site.mounts.static.filter(({ target }) => target === "").map(({ source }) => source);
  return mounted.filter((folder) => path.basename(folder) === "static");
}

function spacedWords(destination: string): string {
  return `"${destination}" is shown as text, because an address in Markdown ends at its first space: write <${destination}> or ${destination.replaceAll(/\s/g, "%20")}`;
}

function removedWords(shortcode: string): string {
  return `the shortcode ${shortcode} shows nothing, because Hugo removes HTML from Markdown: write {{< ${shortcode} … >}}, not with percent signs and not inside {{% … %}}, or set markup.goldmark.renderer.unsafe = true`;
}

interface Placed {
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

const noPage = { folder: "" };
const noList: ResolvedList = { destinations: [], keys: [], widths: [] };

/** The parameters of a page, and of one image on it. */
function paramsWith(
  page: Page,
  overrides: Readonly<Record<string, unknown>>,
  onFault: (message: string) => void,
): SiteParams {
  const own = page.values.imgproxy;
  const all = isTree(own) || own === undefined ? { ...own, ...overrides } : own;
  try {
    return page.language.paramsWith(all, page.file);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    onFault(error.message);
    return page.language.params;
  }
}

function rulesOf(params: SiteParams, page: Page, site: Site): ReferenceRules {
  const { frontmatter, gallery, endpoint } = params;
  return {
    frontmatter,
    gallery,
    preview: page.language.image,
    endpoints: endpoint === "" ? [] : [trimSlashes(endpoint)],
    unsafeHtml: page.language.unsafeHtml,
    runsShortcode: (name) => chooseTemplate(site.templates, "shortcode", name, page)?.ours === true,
  };
}
