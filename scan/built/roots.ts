import path from "node:path";
import { decodeOnce } from "../../contract/url/escape.ts";
import { readText } from "../read-text.ts";
import type { Root } from "./addresses.ts";
import type { SiteFiles } from "./site-files.ts";

/** The parts of a site's configuration that say where it is served. */
export interface ServedSite {
  readonly baseUrl: string;
  readonly languages: readonly { readonly name: string; readonly baseUrl: string }[];
}

/**
 * Where a built site is served. If each language has its own host, Hugo writes a folder for each. `hugo --baseURL` is not in the
 * configuration: then the sitemap, the feed or the home page contains it, and it is the address that the files use.
 */
export async function builtRoots(site: ServedSite, files: SiteFiles): Promise<Root[]> {
  const hosts = new Set(site.languages.map(({ baseUrl }) => baseUrl));
  if (hosts.size > 1 || (hosts.size === 1 && !hosts.has(site.baseUrl)))
    return site.languages.map(({ name, baseUrl }) => ({ folder: `${name}/`, base: baseOf(baseUrl) }));
  const configured = { folder: "", base: baseOf(site.baseUrl) };
  const built = await builtBase(files);
  if (built === undefined || built.href === configured.base.href) return [configured];
  return [{ folder: "", base: built }, configured];
}

// --- parts ---

/** A baseURL of `/`, or none, has no host: a placeholder is used. */
function baseOf(baseUrl: string): URL {
  const base = new URL(URL.canParse(baseUrl, NOWHERE) ? baseUrl : "/", NOWHERE);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

const NOWHERE = "https://site.invalid/";

/** Files in which Hugo writes its own absolute URLs, and the first of these. */
const WITNESSES: readonly (readonly [file: string, url: RegExp])[] = [
  ["sitemap.xml", /<loc>\s*(https?:[^<\s]+)\s*<\/loc>/],
  ["index.xml", /<channel>[\s\S]{0,500}?<link>\s*(https?:[^<\s]+)\s*<\/link>/],
  ["index.html", /<link\b[^>]{0,200}\brel=["']?canonical["']?[^>]{0,200}\bhref=["']?(https?:[^"'\s>]+)/],
];

async function builtBase(files: SiteFiles): Promise<URL | undefined> {
  for (const [file, pattern] of WITNESSES) {
    if (!files.has(file)) continue;
    const text = await readText(path.join(files.folder, file)).catch(() => "");
    const [, found = ""] = pattern.exec(text.slice(0, 65_536)) ?? [];
    const base = baseBefore(found, files);
    if (base !== undefined) return base;
  }
  return undefined;
}

/** The part of a URL before the name of one of the files. */
function baseBefore(url: string, files: SiteFiles): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const base = new URL(url);
  const segments = base.pathname.split("/").slice(1);
  const at = segments.findIndex((_, from) => {
    const name = decodeOnce(segments.slice(from).join("/"));
    return files.has(name) || files.has(`${name}${name === "" || name.endsWith("/") ? "" : "/"}index.html`);
  });
  if (at === -1) return undefined;
  return new URL(
    `/${segments
      .slice(0, at)
      .map((segment) => `${segment}/`)
      .join("")}`,
    base,
  );
}
