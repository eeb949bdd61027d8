import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Addresses } from "../addresses.ts";
import { MAX_SEARCHED } from "../built-site.ts";
import { hasHash, htmlReferences } from "../markup/references.ts";
import { wholeRegion } from "../markup/region.ts";
import type { SiteFiles } from "../site-files.ts";

/** Files of a built site whose hash is in another file: why each must not change. */
export type ProtectedFiles = ReadonlyMap<string, string>;

/**
 * Looks for hashes of files: `integrity` attributes, Content-Security-Policies with hashes, and the lists of service workers.
 */
export async function protectedFiles(
  { folder, names }: SiteFiles,
  addresses: Addresses,
): Promise<ProtectedFiles> {
  const found = new Map<string, string>();
  const texts = names.filter((name) => /\.(?:html?|js|mjs|json)$|(?:^|\/)_headers$/i.test(name));
  const known = new Set(names);
  for (const file of texts) {
    const text = await readFile(path.join(folder, file), "utf8");
    if (text.length > MAX_SEARCHED) continue;
    const add = (url: string, words: string): void => {
      for (const name of namesOf(url, addresses.urlOf(file), addresses))
        if (known.has(name)) found.set(name, words);
    };
    if (/\.html?$/i.test(file)) {
      if (!/integrity|content-security-policy/i.test(text)) continue;
      const { underIntegrity, hasHashes } = htmlReferences(wholeRegion(text));
      for (const url of underIntegrity) add(url, `${file} has its integrity`);
      if (hasHashes) found.set(file, "its Content-Security-Policy has hashes");
    } else if (file.endsWith("_headers")) {
      for (const matches of hashedPaths(text))
        for (const name of names)
          if (/\.html?$/i.test(name) && matches(addresses.urlOf(name).pathname))
            found.set(name, "the Content-Security-Policy in _headers has hashes");
    } else for (const url of revisedUrls(text)) add(url, `${file} has its revision`);
  }
  return found;
}

// --- parts ---

/** The file of a URL: itself, or the page of a folder. */
function namesOf(url: string, from: URL, addresses: Addresses): string[] {
  const target = addresses.fileOf(url, from);
  return target === undefined
    ? []
    : [target, `${target.replace(/\/?$/, "/")}index.html`, `${target}index.html`];
}

/** Entries of Workbox and similar lists: `{"url": "index.html", "revision": "…"}`, quoted or not, in either order. */
function revisedUrls(text: string): string[] {
  if (!text.includes("revision")) return [];
  const string = String.raw`["']([^"'\n]{1,2048})["']`;
  const key = (name: string) => String.raw`["']?\b${name}["']?\s*:\s*`;
  const between = String.raw`\s*,\s*(?:["']?\w+["']?\s*:\s*["'][^"'\n]{0,2048}["']\s*,\s*)?`;
  const forms = [
    new RegExp(`${key("url")}${string}${between}${key("revision")}["'][^"']`, "g"),
    new RegExp(`${key("revision")}["'][^"'\\n]{1,2048}["']${between}${key("url")}${string}`, "g"),
  ];
  return forms.flatMap((form) => Array.from(text.matchAll(form), ([, url = ""]) => url));
}

/** The paths of `_headers` (Netlify, Cloudflare Pages) whose Content-Security-Policy has hashes. */
function hashedPaths(text: string): ((pathname: string) => boolean)[] {
  const found: ((pathname: string) => boolean)[] = [];
  let path = "";
  for (const line of text.split("\n")) {
    if (/^\S/.test(line) && !line.startsWith("#")) path = line.trim();
    else if (/^\s+content-security-policy\s*:/i.test(line) && hasHash(line)) found.push(pathMatcher(path));
  }
  return found;
}

function pathMatcher(pattern: string): (pathname: string) => boolean {
  const [before = "", ...after] = pattern.split("*");
  const last = after.at(-1) ?? "";
  return (pathname) =>
    after.length === 0 ? pathname === before : pathname.startsWith(before) && pathname.endsWith(last);
}
