import path from "node:path";
import type { ImageInfo } from "../contract/info.ts";
import type { ManifestImage } from "../contract/manifest.ts";
import { CannotRun } from "./cannot-run.ts";
import { type Found, type Post, type ReadingOptions, readPosts, settlePosts } from "./content/posts.ts";
import { type PossibleUse, settleUse } from "./content/resolve.ts";
import { counted } from "./counted.ts";
import { leftOut, readUnprinted } from "./covers.ts";
import { siteFinding } from "./findings.ts";
import { readManifest, writeManifest } from "./manifest.ts";
import { planRequests } from "./plan.ts";
import { blameOf, type Refusal } from "./proxy/blame.ts";
import { otherServers } from "./proxy/other-servers.ts";
import type { Probed } from "./proxy/probe.ts";
import { type Answers, createSession, type Place, refusals, type SessionOptions } from "./proxy/session.ts";
import { loadSite, type Site, type SiteOptions } from "./site/site.ts";

export interface ScanOptions extends SessionOptions {
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
  /** Requests of covers that no page made at the last check: nothing was warmed for them. */
  readonly leftOut: number;
}

/**
 * A publish, top to bottom: read the site, ask for its photographs, tell Hugo of them, warm what its pages ask for.
 * @throws CannotRun for a configuration or a proxy at fault; Unanswered when the proxy is away for too long.
 */
export async function scanSite(options: ScanOptions): Promise<ScanResult> {
  const site = await openSite(options.site);
  const possible = await readPosts(site, { ...options, remember: !options.dryRun });
  const manifestFile = path.resolve(site.folder, options.manifest || manifestName(site));
  const session = createSession(site, options);
  const before = await readManifest(manifestFile);
  const kept = options.dryRun || options.manifest === false ? before : undefined;
  const photos = options.dryRun ? new Map() : await session.probe(keysOf(possible, kept));
  const images = kept ?? manifestImages(photos, before);
  const found = settlePosts(possible, (key) => images.has(key));
  const uses = found.posts.flatMap((post) => post.uses);
  const { requests, urls } = planRequests(uses, images, site.signatureKey);
  if (options.dryRun)
    return { ...found, images, urls, photos, variants: new Map(), thumbnails: new Map(), leftOut: 0 };

  // Of a wrong bucket, or one that is empty for a while, nothing is there: no reason to forget what a good scan has found.
  const isLost = images.size === 0 && before.size > 0 && photos.size > 0;
  if (kept === undefined && !isLost)
    for (const file of options.manifest ? [manifestFile] : manifestNames(site))
      await writeManifest(file, { schema: 1, images: Object.fromEntries(images) });
  const left = leftOut(found.posts, images, await readUnprinted(site.folder));
  const { variants, warnings } = await session.warm(requests, photos, left);
  const asked = { ...options, endpoint: site.endpoints[0] ?? "" };
  // Who says where to ask knows of the others.
  const others = options.endpoint === undefined ? await otherServers(site, asked, uses, images) : [];
  const refused = refusals(placesOf(found.posts), requests.values(), { photos, variants });
  const thumbnails = options.pictured ? await session.thumbnails(photos) : new Map<string, string>();
  const findings = [
    ...found.findings,
    ...refused,
    ...[
      ...site.warnings,
      ...warnings,
      ...others,
      ...(isLost ? [lostWords(manifestFile, photos.size)] : []),
    ].map((words) => siteFinding("warning", site.configFile, words)),
  ];
  return { ...found, photos, images, urls, variants, thumbnails, findings, leftOut: left.size };
}

/** @throws CannotRun for a site that names no proxy. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const site = await loadSite(options);
  if (site.endpoints.length > 0) return site;
  throw new CannotRun(
    "params.imgproxy.endpoint is not set; set it to where readers reach the server, or give --endpoint",
  );
}

/** What the content shows once the manifest is written: what a build after the scan does. */
export async function postsByManifest(
  site: Site,
  options: Omit<ReadingOptions, "remember">,
): Promise<{ readonly found: Found; readonly images: ReadonlyMap<string, ManifestImage> }> {
  const images = await readManifest(manifestName(site));
  const found = await readPosts(site, { ...options, remember: true });
  return { found: settlePosts(found, (key) => images.has(key)), images };
}

/** Every place of every photograph. */
export function placesOf(posts: readonly Post[]): Place[] {
  return posts.flatMap(({ file, uses }) =>
    uses.map(({ key, keys, line, column }) => ({ file, key, keys, line, column })),
  );
}

/** What the hook reads, below the site's own assets. */
function manifestName(site: Site): string {
  return path.join(site.mounts.ownAssets, site.main.params.manifest);
}

/** The same of every language: all have the whole of it. */
function manifestNames(site: Site): readonly string[] {
  const names = [manifestName(site)];
  for (const { params } of site.languages) names.push(path.join(site.mounts.ownAssets, params.manifest));
  return [...new Set(names)];
}

/**
 * What is asked about: each image by every key that it may have; where the hook reads a manifest that is there already, by the
 * key that the hook takes.
 */
function keysOf(
  { posts }: Found<PossibleUse>,
  kept: ReadonlyMap<string, ManifestImage> | undefined,
): (readonly string[])[] {
  const uses = posts.flatMap((post) => post.uses);
  if (kept === undefined) return uses.map((use) => use.keys);
  return uses.map((use) => [settleUse(use, (key) => kept.has(key)).key]);
}

// --- the manifest ---

function lostWords(file: string, photos: number): string {
  return `none of ${counted(photos, "photograph")} is there, so ${path.basename(file)} stays as it was: is the server's SOURCE the right one?`;
}

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
