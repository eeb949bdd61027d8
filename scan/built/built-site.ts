import { readFile } from "node:fs/promises";
import path from "node:path";
import { trimSlashes } from "../../contract/url/url.ts";
import { CannotRun } from "../cannot-run.ts";
import { endpointUrls } from "../content/references/html.ts";
import { type Finding, siteFinding } from "../findings.ts";
import { linesOf } from "../lines.ts";
import type { Addresses, Target } from "./addresses.ts";
import { jsonReferences, xmlReferences } from "./markup/feeds.ts";
import { type BuiltGallery, builtGalleries } from "./markup/galleries.ts";
import { cssReferences, htmlReferences, type Reference } from "./markup/references.ts";
import { wholeRegion } from "./markup/region.ts";
import type { SiteFiles } from "./site-files.ts";

/** The first place in a built site that names a URL. */
export interface Emitted {
  /** Relative to the folder of the built site. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** An image that a built file names and the built site does not have. */
export interface BrokenReference extends Emitted, Pick<Reference, "url" | "what"> {
  readonly target: Exclude<Target, { readonly kind: "elsewhere" | "there" }>;
}

/** The proxy's URLs in a built site, and its references to pictures that do not exist. */
export interface BuiltSite {
  /** Number of searched files: HTML, feeds and others. */
  readonly files: number;
  readonly urls: ReadonlyMap<string, Emitted>;
  /** Whether an HTML page names any URL; a feed may do so although no page does. */
  readonly inPages: boolean;
  /** Other URLs that look like the proxy's up to the query: the site was probably built with a wrong endpoint. */
  readonly otherEndpoints: ReadonlySet<string>;
  readonly broken: readonly BrokenReference[];
  /** The galleries of its pages. */
  readonly galleries: readonly (BuiltGallery & Emitted)[];
  /** Files that could not be searched. */
  readonly findings: readonly Finding[];
}

/** Maximum characters of a file that is searched for images: far more than any page, and few enough for memory. */
export const MAX_SEARCHED = 16 * 1024 * 1024;

/**
 * Finds every URL of the proxy in the files that Hugo wrote, and every reference to an image that does not exist.
 * @throws CannotRun if the folder has no file that could name one; the signal's reason.
 */
export async function readBuiltSite(
  files: SiteFiles,
  endpoints: readonly string[],
  addresses: Addresses,
  { signal, onFile }: { readonly signal: AbortSignal; readonly onFile: () => void },
): Promise<BuiltSite> {
  const names = textFiles(files.names);
  if (names.length === 0)
    throw new CannotRun(
      `${files.folder} contains no HTML: hugo has not run, or has failed; run it first, or name its output folder`,
    );
  const urls = new Map<string, Emitted>();
  const otherEndpoints = new Set<string>();
  const broken: BrokenReference[] = [];
  const galleries: (BuiltGallery & Emitted)[] = [];
  const findings: Finding[] = [];
  for (const file of names) {
    signal.throwIfAborted();
    const text = await readFile(path.join(files.folder, file), "utf8");
    const placeOf = linesOf(text);
    for (const { url, offset } of endpointUrls(text, endpoints))
      if (!urls.has(url)) urls.set(url, { file, ...placeOf(offset) });
    for (const [, endpoint = ""] of text.matchAll(proxyLike))
      if (!endpoints.some((known) => sameEndpoint(known, endpoint))) otherEndpoints.add(endpoint);
    if (text.length > MAX_SEARCHED)
      findings.push(siteFinding("warning", file, "is too large to search for missing images"));
    else {
      for (const [{ url, what, offset }, target] of absentReferences(file, text, addresses))
        broken.push({ url, what, target, file, ...placeOf(offset) });
      for (const gallery of isPage(file) ? builtGalleries(text, endpoints) : [])
        galleries.push({ ...gallery, file, ...placeOf(gallery.offset) });
    }
    onFile();
  }
  const inPages = [...urls.values()].some(({ file }) => isPage(file));
  return { files: names.length, urls, inPages, otherEndpoints, broken, galleries, findings };
}

/** The references of a built file, each with its target. */
export function* locatedReferences(
  file: string,
  text: string,
  addresses: Addresses,
): Generator<readonly [Reference, Target]> {
  const { base, references } = referencesOf(file, text);
  const own = addresses.urlOf(file);
  const from = base !== undefined && URL.canParse(base, own.href) ? new URL(base, own) : own;
  for (const reference of references) {
    const link = reference.item?.link;
    const target = addresses.locate(reference.url, from);
    const inItem =
      isAbsent(target) && link !== undefined && URL.canParse(link, own.href)
        ? addresses.locate(reference.url, new URL(link, own))
        : target;
    yield [reference, inItem];
  }
}

export function isAbsent(target: Target): target is BrokenReference["target"] {
  return target.kind === "absent" || target.kind === "outside";
}

// --- files ---

const proxyLike = /(https?:\/\/[^\s"'<>?#&\\]{1,200}\/)\?(?:(?:ar|fm|fp)=[a-zA-Z0-9%]+(?:&amp;|&))*img=/g;

function textFiles(names: readonly string[]): string[] {
  return (
    names
      .filter((name) => /\.(?:html?|xml|json|css|js|txt|md)$/i.test(name))
      // Pages first: if a feed repeats a page, the finding names the page.
      .sort((a, b) => Number(isPage(b)) - Number(isPage(a)) || (a < b ? -1 : 1))
  );
}

function isPage(file: string): boolean {
  return /\.html?$/i.test(file);
}

function sameEndpoint(a: string, b: string): boolean {
  return trimSlashes(a) === trimSlashes(b);
}

// --- references ---

function* absentReferences(
  file: string,
  text: string,
  addresses: Addresses,
): Generator<readonly [Reference, BrokenReference["target"]]> {
  for (const [reference, target] of locatedReferences(file, text, addresses))
    if (isAbsent(target)) yield [reference, target];
}

function referencesOf(
  file: string,
  text: string,
): { readonly base?: string | undefined; readonly references: readonly Reference[] } {
  if (isPage(file)) return htmlReferences(wholeRegion(text));
  if (/\.css$/i.test(file)) return { references: cssReferences(wholeRegion(text), "url()") };
  if (/\.xml$/i.test(file)) return { references: xmlReferences(text) };
  return { references: /\.json$/i.test(file) ? jsonReferences(text) : [] };
}
