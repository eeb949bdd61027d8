import path from "node:path";
import type { ImageInfo } from "../contract/info.ts";
import type { ManifestImage } from "../contract/manifest.ts";
import { type Answers, type AskingOptions, createAsking, type Place, refusals } from "./asking.ts";
import { blameOf, type Refusal } from "./blame.ts";
import { CannotRun } from "./cannot-run.ts";
import { siteFinding } from "./findings.ts";
import { readManifest, writeManifest } from "./manifest-file.ts";
import { planRequests } from "./plan.ts";
import { type Found, type Post, readPosts } from "./posts.ts";
import type { Probed } from "./probe.ts";
import { loadSite, type Site, type SiteOptions } from "./site.ts";

export interface ScanOptions extends AskingOptions {
  readonly site: SiteOptions;
  /** Relative to the site; absent: where the site's hook reads it; `false`: left as it is. */
  readonly manifest?: string | false;
  /** Whether the result is to be shown with pictures. */
  readonly pictured: boolean;
  /** Plans only: no request is made and nothing is written. */
  readonly dryRun: boolean;
}

/** What a scan found and did. */
export interface ScanResult extends Found, Answers {
  /** What the manifest says. */
  readonly images: ReadonlyMap<string, ManifestImage>;
  /** Every URL that the pages ask for, as they have it; sorted. */
  readonly urls: readonly string[];
  /** Small pictures by source key, as data URLs, where they were asked for. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/**
 * A publish, top to bottom: read the site, ask for its photographs, tell Hugo of them, warm what its pages ask for.
 * @throws CannotRun for a configuration or a proxy at fault; Unanswered when the proxy is away for too long.
 */
export async function scanSite(options: ScanOptions): Promise<ScanResult> {
  const site = await openSite(options.site);
  const found = await readPosts(site, { ...options, remember: !options.dryRun });
  const uses = found.posts.flatMap((post) => post.uses);
  const manifestFile = path.resolve(site.folder, options.manifest || manifestName(site));
  if (options.dryRun) {
    const images = await readManifest(manifestFile);
    const { urls } = planRequests(uses, images, site.signatureKey);
    return { ...found, images, urls, photos: new Map(), variants: new Map(), thumbnails: new Map() };
  }

  const asking = createAsking(site, options);
  const photos = await asking.probe(uses.map((use) => use.key));
  const before = await readManifest(manifestFile);
  const images = options.manifest === false ? before : manifestImages(photos, before);
  if (options.manifest !== false)
    for (const file of options.manifest ? [manifestFile] : manifestNames(site))
      await writeManifest(file, { schema: 1, images: Object.fromEntries(images) });

  const { requests, urls } = planRequests(uses, images, site.signatureKey);
  const { variants, warnings } = await asking.warm(requests, photos);
  const refused = refusals(placesOf(found.posts), requests.values(), { photos, variants });
  const thumbnails = options.pictured ? await asking.thumbnails(photos) : new Map<string, string>();
  const findings = [
    ...found.findings,
    ...refused,
    ...[...site.warnings, ...warnings].map((words) => siteFinding("warning", site.configFile, words)),
  ];
  return { ...found, photos, images, urls, variants, thumbnails, findings };
}

/** @throws CannotRun for a site that names no proxy. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const site = await loadSite(options);
  if (site.endpoints.length > 0) return site;
  throw new CannotRun(
    "params.imgproxy.endpoint is not set; set it to where readers reach the server, or give --endpoint",
  );
}

/** Every place of every photograph. */
export function placesOf(posts: readonly Post[]): Place[] {
  return posts.flatMap(({ file, uses }) =>
    uses.map(({ key, line, column }) => ({ file, key, line, column })),
  );
}

/** What the hook reads, below the site's own assets. */
export function manifestName(site: Site): string {
  return path.join(site.mounts.ownAssets, site.main.params.manifest);
}

/** The same of every language: all have the whole of it. */
function manifestNames(site: Site): readonly string[] {
  const names = [manifestName(site)];
  for (const { params } of site.languages) names.push(path.join(site.mounts.ownAssets, params.manifest));
  return [...new Set(names)];
}

// --- the manifest ---

/** What cannot be read now stays as it was known: its page is no worse for it, and its variants may be in the cache. */
function manifestImages(
  photos: ReadonlyMap<string, Probed>,
  before: ReadonlyMap<string, ManifestImage>,
): Map<string, ManifestImage> {
  const images = new Map<string, ManifestImage>();
  for (const [key, info] of photos) {
    const image =
      "problem" in info ? (mayBeThere(info.problem) ? before.get(key) : undefined) : manifestImage(info);
    if (image !== undefined) images.set(key, image);
  }
  return images;
}

function mayBeThere({ code }: Refusal): boolean {
  return blameOf(code) !== "photograph" || code === "withheld-source" || code === "moved-source";
}

function manifestImage({ width, height, version, color, placeholder }: ImageInfo): ManifestImage {
  return {
    ...{ width, height, version },
    ...(color !== undefined && { color }),
    ...(placeholder !== undefined && { placeholder }),
  };
}
