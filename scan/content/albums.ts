import type { SiteParams } from "../../contract/page/params.ts";
import { type Finding, siteFinding } from "../findings.ts";
import { isHidden } from "../gallery/contents.ts";
import type { Folder } from "../proxy/list.ts";
import type { Site } from "../site/site.ts";
import type { PossiblePost } from "./found.ts";
import { type PossibleGallery, resolveGallery } from "./galleries.ts";
import { photoUse } from "./resolve.ts";

/** Hugo 0.126. */
const FIRST_WITH_ADAPTERS = 126;

type AlbumSite = Pick<Site, "languages" | "albumsFile" | "hugoMinor">;

/** The folders whose folders are albums: `params.imgproxy.albums`. A Hugo without content adapters makes no page of them. */
export function albumFolders({ languages, hugoMinor }: AlbumSite): Folder[] {
  if (hugoMinor < FIRST_WITH_ADAPTERS) return [];
  const folders = new Set(languages.flatMap(({ params }) => params.albums.map(folderOf)));
  return [...folders].map((folder) => ({ folder, deep: false }));
}

/**
 * The albums among some folders, as posts at the site's configuration: a content adapter makes their pages.
 * @param folders without a slash at the end: those of listings, or the galleries of a manifest.
 */
export function albumPosts(site: AlbumSite, folders: Iterable<string>): PossiblePost[] {
  if (site.hugoMinor < FIRST_WITH_ADAPTERS) return [];
  const names = [...folders].filter((name) => !isOdd(name));
  return site.languages.flatMap(({ params }) => {
    const prefixes = params.albums.map(folderOf);
    const albums = names.filter((name) => prefixes.some((prefix) => isBelow(name, prefix)));
    return albums.flatMap((album) =>
      albumOf(album, params, site.hugoMinor >= 121).map((gallery) => ({
        file: site.albumsFile,
        album,
        uses: [],
        galleries: [gallery],
      })),
    );
  });
}

/** Folders whose names look like patterns, so that no page is made of them. */
export function oddAlbums({ albumsFile }: AlbumSite, folders: Iterable<string>): Finding[] {
  return [...folders]
    .filter(isOdd)
    .map((name) =>
      siteFinding("error", albumsFile, `the album ${name} gets no page: rename the folder, without * and ?`),
    );
}

/** Folders of one prefix whose pages would have the same address: Hugo's build fails on them. */
export function clashingAlbums({ albumsFile, languages }: AlbumSite, folders: Iterable<string>): Finding[] {
  const prefixes = [...new Set(languages.flatMap(({ params }) => params.albums.map(folderOf)))];
  const names = [...new Set(folders)].filter((name) => !isOdd(name)).sort();
  return prefixes.flatMap((prefix) => {
    const seen = new Map<string, string>();
    return names.flatMap((name) => {
      const page = isBelow(name, prefix) ? pageName(name.slice(prefix.length)) : "";
      const first = seen.get(page);
      if (first === undefined) seen.set(page, name);
      if (first === undefined || page === "") return [];
      const words = `the albums ${first} and ${name} would have the same page, ${page}, and Hugo's build fails: rename one folder`;
      return [siteFinding("error", albumsFile, words)];
    });
  });
}

/** The same as the path in layouts/partials/imgproxy/_/gallery/album.html; empty for a name that gets a path of its own. */
function pageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return name === "index" ? "" : name;
}

function isOdd(name: string): boolean {
  return /[*?]/.test(name);
}

/** Directly in the folder; names that begin with a dot or an underscore are left out, as in galleries. */
function isBelow(name: string, folder: string): boolean {
  const rest = name.slice(folder.length);
  return name.startsWith(folder) && rest !== "" && !rest.includes("/") && !isHidden(name);
}

function folderOf(prefix: string): string {
  const name = prefix.replace(/^\/+|\/+$/g, "");
  return name === "" ? "" : `${name}/`;
}

function albumOf(name: string, params: SiteParams, previews: boolean): PossibleGallery[] {
  const place = { line: 1, column: 1, isCover: true };
  const { gallery } = resolveGallery({ from: `/${name}/`, isCover: true }, place, { folder: "" }, params);
  if (gallery === undefined) return [];
  const coverUse = (key: string) => photoUse(key, place, params, { as: "cover", previews });
  return [{ ...gallery, mayBeEmpty: true, coverUse }];
}
