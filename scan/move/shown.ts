import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseDestination } from "../../contract/page/destination.ts";
import { trimSlashes } from "../../contract/url/url.ts";
import type { Target } from "../built/addresses.ts";
import { isAbsent, locatedReferences, MAX_SEARCHED } from "../built/built-site.ts";
import type { Reference } from "../built/markup/references.ts";
import { openBuiltSite } from "../built/open-built-site.ts";
import type { Site } from "../site/site.ts";
import { contentOfFile } from "./target/content.ts";

/**
 * A picture, independent of where it is: `sha <hash>` for a file of the site and for an object whose content is known, `key <key>` for
 * another object of the bucket, `absent <path>` for a file that does not exist, `url <URL>` for another host.
 */
export type Picture = string;

/** The pictures of one built file. */
export interface ShownPictures {
  /** Of its `<img>` tags, in order. */
  readonly images: readonly Picture[];
  /** Of everything that names a picture, by the way it does: `picture`, `preview`, `link` and others. */
  readonly named: ReadonlyMap<string, ReadonlySet<Picture>>;
}

/** The pictures of a built site. */
export interface Shown {
  /** Absolute. */
  readonly folder: string;
  /** By the name of the built file. */
  readonly pages: ReadonlyMap<string, ShownPictures>;
  /** Names of the built files that are one picture. */
  readonly files: ReadonlyMap<Picture, ReadonlySet<string>>;
  /** The searched files. */
  readonly names: readonly string[];
}

/** @param contents SHA-256 of objects by their keys. */
export async function shownPictures(
  site: Site,
  folder: string,
  contents: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Shown> {
  const { files, addresses } = await openBuiltSite(site, folder);
  const names = files.names.filter((name) => /\.(?:html?|xml|json|css|js|txt|md|webmanifest)$/i.test(name));
  const pages = new Map<string, ShownPictures>();
  const filesOf = new Map<Picture, Set<string>>();
  const hashes = new Map<string, Promise<Picture>>();
  const hashOf = (name: string): Promise<Picture> => {
    const known = hashes.get(name);
    if (known !== undefined) return known;
    const picture = contentOfFile(path.join(folder, name), signal).then(({ sha256 }) => `sha ${sha256}`);
    hashes.set(name, picture);
    return picture;
  };

  async function pictureOf(reference: Reference, target: Target): Promise<Picture | undefined> {
    if (isAbsent(target)) return `absent ${target.path}`;
    if (target.kind === "there") {
      // A page that a link leads to, or an address that the host redirects.
      if (target.path === undefined || !files.has(target.path)) return undefined;
      const picture = await hashOf(target.path);
      filesOf.set(picture, (filesOf.get(picture) ?? new Set()).add(target.path));
      return picture;
    }
    const key = proxiedKey(reference.url, site.endpoints);
    if (key === undefined) return /^https?:/i.test(reference.url.trim()) ? `url ${reference.url}` : undefined;
    const sha256 = contents.get(key);
    return sha256 === undefined ? `key ${key}` : `sha ${sha256}`;
  }

  for (const name of names) {
    signal.throwIfAborted();
    const text = await readFile(path.join(folder, name), "utf8");
    if (text.length > MAX_SEARCHED) continue;
    const images: Picture[] = [];
    const named = new Map<string, Set<Picture>>();
    for (const [reference, target] of locatedReferences(name, text, addresses)) {
      const picture = await pictureOf(reference, target);
      if (picture === undefined) continue;
      if (/^<img (?:data-(?:lazy-)?)?src>$/.test(reference.what)) images.push(picture);
      named.set(reference.shows, (named.get(reference.shows) ?? new Set()).add(picture));
    }
    pages.set(name, { images, named });
  }
  return { folder, pages, files: filesOf, names };
}

/** The key in a URL of the proxy. */
function proxiedKey(url: string, endpoints: readonly string[]): string | undefined {
  const endpoint = endpoints.find((one) => url.trim().startsWith(trimSlashes(one)));
  if (endpoint === undefined) return undefined;
  const photo = parseDestination(url.trim(), { endpoint, sources: [], resolve: "flat" });
  return photo.kind === "photo" && photo.paths.length === 0 ? photo.key : undefined;
}
