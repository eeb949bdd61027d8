import path from "node:path";
import type { ManifestImage } from "../contract/manifest.ts";
import { CannotRun } from "./cannot-run.ts";
import { type Found, type Post, settlePosts } from "./content/found.ts";
import { type ReadingOptions, readPosts } from "./content/posts.ts";
import { knownGalleries } from "./content/site-galleries.ts";
import type { PlacedGallery } from "./gallery/placed.ts";
import { type KnownPhotographs, readManifest } from "./manifest.ts";
import type { Place } from "./proxy/answers.ts";
import { loadSite, type Site, type SiteOptions } from "./site/site.ts";

/** @throws CannotRun for a site without an endpoint. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const site = await loadSite(options);
  if (site.endpoints.length > 0) return site;
  throw new CannotRun(
    "params.imgproxy.endpoint is not set; set it to the address of the server for readers, or give --endpoint",
  );
}

/** The content once the manifest is written, as a build after the scan shows it. */
export interface ByManifest extends KnownPhotographs {
  readonly found: Found;
  readonly placed: readonly PlacedGallery[];
}

export async function postsByManifest(
  site: Site,
  {
    remember = true,
    ...options
  }: Omit<ReadingOptions, "remember"> & Partial<Pick<ReadingOptions, "remember">>,
): Promise<ByManifest> {
  const known = await readManifest(manifestName(site));
  const read = await readPosts(site, { ...options, remember });
  const { possible, placed } = knownGalleries(site, read, known.galleries);
  return { ...known, found: settlePosts(possible, known), placed };
}

/** What the site's hook knows of photographs. @throws as {@link readManifest} does */
export async function readSiteManifest(site: Site): Promise<ReadonlyMap<string, ManifestImage>> {
  const { images } = await readManifest(manifestName(site));
  return images;
}

/** Every place of every photograph. */
export function placesOf(posts: readonly Post[]): Place[] {
  return posts.flatMap(({ file, uses }) =>
    uses.map(({ key, keys, line, column }) => ({ file, key, keys, line, column })),
  );
}

/** The manifest that the hook reads, below the site's own assets. */
export function manifestName(site: Site): string {
  return path.join(site.mounts.ownAssets, site.main.params.manifest);
}

/** The manifests of all languages; each contains everything. Absolute. */
export function manifestNames(site: Site): readonly string[] {
  const names = [manifestName(site)];
  for (const { params } of site.languages) names.push(path.join(site.mounts.ownAssets, params.manifest));
  return [...new Set(names)];
}
