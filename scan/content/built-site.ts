import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { trimSlashes } from "../../contract/url.ts";
import { CannotRun } from "../cannot-run.ts";
import { linesOf } from "../lines.ts";
import { endpointUrls } from "./references/html.ts";

/** The first place in a built site that names a URL. */
export interface Emitted {
  /** Relative to the folder of the built site. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** The proxy's URLs in a built site. */
export interface BuiltSite {
  /** Number of searched files: HTML, feeds and others. */
  readonly files: number;
  readonly urls: ReadonlyMap<string, Emitted>;
  /** Whether an HTML page names any URL; a feed may do so although no page does. */
  readonly inPages: boolean;
  /** Other URLs that look like the proxy's up to the query: the site was probably built with a wrong endpoint. */
  readonly otherEndpoints: ReadonlySet<string>;
}

/**
 * Finds every URL of the proxy in the files that Hugo wrote.
 * @throws CannotRun if the folder does not exist or has no file that could name one; the signal's reason.
 */
export async function readBuiltSite(
  folder: string,
  endpoints: readonly string[],
  { signal, onFile }: { readonly signal: AbortSignal; readonly onFile: () => void },
): Promise<BuiltSite> {
  const names = await textFiles(folder);
  if (names.length === 0)
    throw new CannotRun(`${folder} holds no HTML: run hugo first, or name its output folder`);
  const urls = new Map<string, Emitted>();
  const otherEndpoints = new Set<string>();
  for (const file of names) {
    signal.throwIfAborted();
    const text = await readFile(path.join(folder, file), "utf8");
    const placeOf = linesOf(text);
    for (const { url, offset } of endpointUrls(text, endpoints))
      if (!urls.has(url)) urls.set(url, { file, ...placeOf(offset) });
    for (const [, endpoint = ""] of text.matchAll(proxyLike))
      if (!endpoints.some((known) => sameEndpoint(known, endpoint))) otherEndpoints.add(endpoint);
    onFile();
  }
  const inPages = [...urls.values()].some(({ file }) => isPage(file));
  return { files: names.length, urls, inPages, otherEndpoints };
}

// --- files ---

const proxyLike = /(https?:\/\/[^\s"'<>?#&\\]{1,200}\/)\?(?:fm=[a-z]+(?:&amp;|&))?img=/g;

async function textFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return (
    entries
      .filter((entry) => entry.isFile() && /\.(?:html?|xml|json|css|js|txt|md)$/i.test(entry.name))
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
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
