import path from "node:path";
import type { ManifestImage } from "../contract/manifest.ts";
import { type ImageRequest, InvalidRequest, isOriginal, parseQuery } from "../contract/request.ts";
import { type BuiltSite, type Emitted, readBuiltSite } from "./content/built-site.ts";
import type { Found } from "./content/posts.ts";
import { seenCovers, type UnprintedCover, writeUnprinted } from "./covers.ts";
import { type Finding, siteFinding } from "./findings.ts";
import { planRequests } from "./plan.ts";
import { type Answers, createSession, type Place, refusals, type SessionOptions } from "./proxy/session.ts";
import { openSite, postsByManifest } from "./scan.ts";
import { hookConflicts } from "./site/hook-conflicts.ts";
import type { Site, SiteOptions } from "./site/site.ts";

export interface CheckOptions extends SessionOptions {
  readonly site: SiteOptions;
  /** What Hugo wrote, relative to the site. */
  readonly built: string;
  /** Whether what the content says is compared; else the built site is the whole truth. */
  readonly compare: boolean;
  /** Whether the result is to be shown with pictures. */
  readonly pictured: boolean;
}

/** One URL and where it is named. */
export interface UrlPlace extends Emitted {
  readonly url: string;
  /** Of the content: by front matter alone. */
  readonly isCover?: boolean;
}

/** What a check found and did. */
export interface CheckResult extends Answers {
  /** Files of the built site that were searched. */
  readonly files: number;
  /** Every URL that the built site asks for; sorted. */
  readonly urls: readonly string[];
  /** Emitted by Hugo, not found in the content: a theme's or a content adapter's. Places in the built site. */
  readonly unscanned: readonly UrlPlace[];
  /** Found in the content, not emitted. Places in the content. */
  readonly unemitted: readonly UrlPlace[];
  /** Covers of front matter that no page prints, or link previews alone. Their URLs are among the former. */
  readonly unprinted: readonly UnprintedCover[];
  readonly findings: readonly Finding[];
  /** Each request of the built site and where it is first named. */
  readonly emitted: readonly (Emitted & { readonly request: ImageRequest })[];
  /** Small pictures by source key, as data URLs, where they were asked for. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/**
 * The last word before a deploy: every URL that Hugo has emitted is made warm, and what the content says is compared
 * with it.
 * @throws CannotRun for a configuration, a folder or a proxy at fault; Unanswered when the proxy is away for too long.
 */
export async function checkSite(options: CheckOptions): Promise<CheckResult> {
  const { progress, signal } = options;
  const site = await openSite(options.site);
  const folder = path.resolve(site.folder, options.built);
  progress.start("reading the built site");
  const built = await readBuiltSite(folder, site.endpoints, { signal, onFile: () => progress.advance() });
  progress.end();
  const { requests, findings } = parseUrls(built.urls, options.built);

  const session = createSession(site, options);
  const photos = await session.probe([...requests.values()].map((request) => [request.key]));
  const { variants, warnings } = await session.warm(requests, photos);
  const thumbnails = options.pictured ? await session.thumbnails(photos) : new Map<string, string>();
  const emitted = [...requests].map(([url, request]) => ({
    request,
    ...placeIn(options.built, built.urls.get(url)),
  }));
  const places = firstPlaces(emitted);
  findings.push(...refusals(places, requests.values(), { photos, variants }));
  findings.push(...warnings.map((words) => siteFinding("warning", site.configFile, words)));

  const urls = [...built.urls.keys()].sort();
  const result = { photos, variants, thumbnails, emitted, files: built.files, urls };
  if (!options.compare) return { ...result, unscanned: [], unemitted: [], unprinted: [], findings };
  const { found, images } = await postsByManifest(site, options);
  const scanned = scannedUrls(site, found, images);
  const { unprinted, queries } = seenCovers(found.posts, images, requests.values());
  // A site on which no page names the proxy was built in another way, and says nothing of its theme.
  if (built.inPages) await writeUnprinted(site.folder, queries).catch(() => {});
  findings.push(...found.findings.filter(({ severity }) => severity !== "note"));
  const unscanned = [...requests]
    .filter(([url, request]) => !scanned.has(url) && !isOriginal(request))
    .map(([url]) => ({ url, ...placeIn(options.built, built.urls.get(url)) }));
  const unemitted = [...scanned]
    .filter(([url]) => !built.urls.has(url))
    .map(([url, place]) => ({ url, ...place }));
  if (unemitted.length > 0) findings.push(...silenced(site, options.built, built));
  return { ...result, unscanned, unemitted, unprinted, findings };
}

// --- what Hugo emitted ---

/** A photograph of many URLs is one thing to look at in a file. */
function firstPlaces(emitted: CheckResult["emitted"]): Iterable<Place> {
  const places = new Map<string, Place>();
  for (const { request, ...place } of emitted) {
    const name = `${place.file} ${request.key}`;
    if (!places.has(name)) places.set(name, { key: request.key, ...place });
  }
  return places.values();
}

function parseUrls(
  urls: ReadonlyMap<string, Emitted>,
  built: string,
): { readonly requests: Map<string, ImageRequest>; readonly findings: Finding[] } {
  const requests = new Map<string, ImageRequest>();
  const findings: Finding[] = [];
  for (const [url, place] of urls) {
    try {
      const { signature: _, ...request } = parseQuery(url.slice(url.indexOf("?") + 1));
      requests.set(url, request);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
      findings.push({ severity: "error", ...placeIn(built, place), message: `${url}: ${error.message}` });
    }
  }
  return { requests, findings };
}

function placeIn(built: string, place: Emitted | undefined): Emitted {
  const { file = "", line = 1, column = 1 } = place ?? {};
  return { file: path.posix.join(built, file), line, column };
}

// --- what the content says ---

/** @returns each URL with where the content first names it; `isCover` where nothing else does. */
function scannedUrls(
  site: Site,
  { posts }: Found,
  images: ReadonlyMap<string, ManifestImage>,
): Map<string, Emitted & { readonly isCover: boolean }> {
  const urls = new Map<string, Emitted & { readonly isCover: boolean }>();
  for (const { file, uses } of posts) {
    for (const use of uses) {
      const { line, column, isCover } = use;
      for (const url of planRequests([use], images, site.signatureKey).urls) {
        const known = urls.get(url);
        if (known === undefined || (known.isCover && !isCover))
          urls.set(url, { file, line, column, isCover });
      }
    }
  }
  return urls;
}

/** Why photographs of the content reach no page: their author sees plain images and no reason. */
function silenced(site: Site, folder: string, built: BuiltSite): Finding[] {
  const hooks = [...site.silenced, ...hookConflicts(site.templates)];
  if (built.inPages) return hooks.map((words) => siteFinding("warning", site.configFile, words));
  const others = [...built.otherEndpoints].map(
    (endpoint) => `the pages name ${endpoint} instead of ${site.endpoints.join(", ")}`,
  );
  const reasons = [...hooks, ...others].join("; ") || "is the module imported, and the site built anew?";
  const message = `no page names the proxy, although the content has photographs: ${reasons}`;
  return [{ severity: "error", file: folder, line: 1, column: 1, message }];
}
