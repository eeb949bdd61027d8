import { decodeOnce } from "../../contract/url/escape.ts";
import { trimSlashes } from "../../contract/url/url.ts";
import { isServed, type Redirects } from "./redirects.ts";
import type { SiteFiles } from "./site-files.ts";

/** Where a built site, or the part of one language, is served. */
export interface Root {
  /** Folder below the built site: empty, or with a slash at its end. */
  readonly folder: string;
  /** With a slash at its end. */
  readonly base: URL;
}

/** The target of a URL in a built site. */
export type Target =
  /** Another host, a scheme that loads nothing, or an empty URL. */
  | { readonly kind: "elsewhere" }
  /** A file of the site, with its name below the site, or an address that the host answers with one. */
  | { readonly kind: "there"; readonly path?: string }
  /** Not a file of the site. `path` is its name below the site; `nearest` differs only in capitals or accents. */
  | { readonly kind: "absent"; readonly path: string; readonly nearest?: string }
  /** On the site's host, but outside of baseURL's path. `path` is the part after the host. */
  | { readonly kind: "outside"; readonly path: string; readonly isThere: boolean };

/** Maps URLs of a site to its files. */
export interface Addresses {
  /** Relative to a file of the built site. */
  urlOf(file: string): URL;
  locate(url: string, from: URL): Target;
  /** The path below the built site that a URL leads to, whether a file exists or not; undefined for other addresses. */
  fileOf(url: string, from: URL): string | undefined;
}

/**
 * @param roots where the site is served; the first of a folder is the one that its files use in URLs.
 * @param endpoints of the proxy, which can be on the site's host.
 */
export function createAddresses(
  files: SiteFiles,
  roots: readonly Root[],
  endpoints: readonly string[],
  redirects: Redirects,
): Addresses {
  const deepest = [...roots].sort((a, b) => b.folder.length - a.folder.length);
  const longest = [...roots].sort((a, b) => b.base.pathname.length - a.base.pathname.length);
  const proxies = endpoints.map((endpoint) => `${trimSlashes(endpoint)}/?`);
  return {
    urlOf(file) {
      const root = deepest.find(({ folder }) => file.startsWith(folder)) ?? deepest[0];
      const below = file.slice(root?.folder.length ?? 0).replace(/(^|\/)index\.html$/, "$1");
      return new URL(below.split("/").map(encodeURIComponent).join("/"), root?.base);
    },
    locate(written, from) {
      if (isNoUrl(written) || proxies.some((proxy) => written.startsWith(proxy)))
        return { kind: "elsewhere" };
      const found = place(written, from);
      if (found === undefined || proxies.some((proxy) => `${found.url.href}?`.startsWith(proxy)))
        return { kind: "elsewhere" };
      const { url, path } = found;
      if (path === undefined) return outside(url, roots, files);
      if (isFile(path, files)) return { kind: "there", path };
      if (isServed(url.pathname, redirects, (name) => isFile(name, files))) return { kind: "there" };
      const nearest = files.nearest(path);
      return { kind: "absent", path, ...(nearest !== undefined && { nearest }) };
    },
    fileOf: (url, from) => place(url, from)?.path,
  };

  /** The path of a URL on the site's host; undefined if it is outside of baseURL's path. */
  function place(written: string, from: URL): { readonly url: URL; readonly path?: string } | undefined {
    const url = URL.canParse(written, from.href) ? new URL(written, from) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
    const ours = longest.filter(({ base }) => base.host === url.host);
    if (ours.length === 0) return undefined;
    const root = ours.find(({ base }) => isBelow(url, base));
    if (root === undefined) return { url };
    return { url, path: root.folder + decodeOnce(url.pathname.slice(root.base.pathname.length)) };
  }
}

// --- parts ---

/** A placeholder that a script fills in, an empty URL, or an address that the host answers itself. */
function isNoUrl(written: string): boolean {
  const text = written.trim();
  if (text === "" || text.startsWith("#")) return true;
  return /\{\{|\$\{|<%|%7B%7B/i.test(text) || /^\/(?:\.netlify|\.well-known|cdn-cgi|_vercel)\//.test(text);
}

function isBelow(url: URL, base: URL): boolean {
  return url.pathname.startsWith(base.pathname) || `${url.pathname}/` === base.pathname;
}

/** `/x` means the same as `/x/index.html`, and on many hosts as `/x.html`. */
function isFile(path: string, files: SiteFiles): boolean {
  if (path === "" || path.endsWith("/")) return files.has(`${path}index.html`);
  return files.has(path) || files.has(`${path}/index.html`) || files.has(`${path}.html`);
}

function outside(url: URL, roots: readonly Root[], files: SiteFiles): Target {
  const path = decodeOnce(url.pathname.slice(1));
  return { kind: "outside", path, isThere: roots.some(({ folder }) => files.has(folder + path)) };
}
