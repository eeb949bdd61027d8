import path from "node:path";
import type { ManifestImage } from "../contract/manifest.ts";
import { type ImageRequest, InvalidRequest, isOriginal, parseQuery } from "../contract/url/request.ts";
import { brokenFindings } from "./built/broken.ts";
import { type BuiltSite, type Emitted, readBuiltSite } from "./built/built-site.ts";
import { checkReferences } from "./built/check-references.ts";
import { galleryFindings, uploadedSince } from "./built/galleries.ts";
import { openBuiltSite } from "./built/open-built-site.ts";
import { type Rewritten, rewriteSite } from "./built/rewrite/rewrite.ts";
import { staleWords } from "./built/stale.ts";
import type { Found, SourcePage } from "./content/found.ts";
import { seenCovers, type UnprintedCover, writeUnprinted } from "./covers.ts";
import { type Finding, siteFinding } from "./findings.ts";
import { openSite, postsByManifest, readSiteManifest } from "./open-site.ts";
import { planRequests } from "./plan.ts";
import { type Answers, type Place, refusals } from "./proxy/answers.ts";
import { createSession, type SessionOptions } from "./proxy/session.ts";
import { readEffort } from "./proxy/state.ts";
import { hookConflicts } from "./site/hook-conflicts.ts";
import { lacksModule, NOT_IMPORTED } from "./site/module-import.ts";
import type { Site, SiteOptions } from "./site/site.ts";

export interface CheckOptions extends SessionOptions {
  readonly site: SiteOptions;
  /** Folder of the built site, relative to the site. */
  readonly built: string;
  /** Whether to compare with the content; otherwise only the built site counts. */
  readonly compare: boolean;
  /** Globs of pictures that the built site may lack. */
  readonly ignore: readonly string[];
  /** Whether references to files of the bucket become URLs of the proxy, in the built site. */
  readonly rewrite: boolean;
  /** Whether a part of a photograph may be missing, by its key. */
  readonly mayBeDamaged: (key: string) => boolean;
  /** Whether the report shows small pictures. */
  readonly pictured: boolean;
}

/** One URL and the places that name it. */
export interface UrlPlace extends Emitted {
  readonly url: string;
  /** In the content: whether only front matter names it. */
  readonly isCover?: boolean;
}

/** Result of a check. */
export interface CheckResult extends Answers {
  /** Number of searched files of the built site. */
  readonly files: number;
  /** Every URL of the proxy in the built site; sorted. */
  readonly urls: readonly string[];
  /** What `--rewrite` changed. */
  readonly rewritten?: Rewritten | undefined;
  /** In the built site, but not in the content: from a theme or a content adapter. Places in the built site. */
  readonly unscanned: readonly UrlPlace[];
  /** In the content, but not in the built site. Places in the content. */
  readonly unemitted: readonly UrlPlace[];
  /** Covers of front matter that no page shows, or only link previews. Their URLs are also in the list above. */
  readonly unprinted: readonly UnprintedCover[];
  readonly findings: readonly Finding[];
  /** Each request of the built site and the first place that names it. */
  readonly emitted: readonly (Emitted & { readonly request: ImageRequest })[];
  /** Small pictures by source key, as data URLs, if they were requested. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/**
 * The check before a deploy: every picture that the built site names must exist; warms every URL of the proxy, and compares these URLs
 * with the content.
 * @throws CannotRun for a wrong configuration, folder or proxy; Unanswered when the proxy does not answer for too long.
 */
export async function checkSite(options: CheckOptions): Promise<CheckResult> {
  const { progress, signal } = options;
  const site = await openSite(options.site);
  const folder = path.resolve(site.folder, options.built);
  const { addresses, files } = await openBuiltSite(site, folder);
  const read = () => {
    progress.start("reading the built site");
    const onFile = () => progress.advance();
    return readBuiltSite(files, site.endpoints, addresses, { signal, onFile }).finally(() => progress.end());
  };
  let built = await read();
  const effort = options.effort ?? (await readEffort(site.folder));
  const session = createSession(site, { ...options, ...(effort !== undefined && { effort }) });
  const content = options.compare ? await postsByManifest(site, options) : undefined;
  const sources = content?.found.sources ?? [];
  const known = content?.images ?? (await readSiteManifest(site));
  const references = await checkReferences(built.broken, { ...options, site, sources, session, known });
  const rewritten = options.rewrite
    ? await rewriteSite(built.broken, {
        ...references,
        files,
        addresses,
        signatureKey: site.signatureKey,
      })
    : undefined;
  // What is published and warmed is what readers get.
  if (rewritten !== undefined && rewritten.files > 0) built = await read();
  const { requests, findings } = parseUrls(built.urls, options.built);
  findings.push(...built.findings.map((one) => ({ ...one, ...placeIn(options.built, one) })));
  const reasonOf = (file: string) =>
    rewritten && (rewritten.left.get(file) ?? "it is in <pre> or <code>, or has an integrity of its own");
  findings.push(...brokenFindings(built.broken, { ...references, built: options.built, reasonOf }));

  const emittedPhotos = await session.tune(
    await session.probe([...requests.values()].map((request) => [request.key])),
  );
  const photos = new Map([...references.unsettled, ...emittedPhotos]);
  const { variants, warnings } = await session.warm(requests, photos);
  const thumbnails = options.pictured ? await session.thumbnails(photos) : new Map<string, string>();
  const emitted = [...requests].map(([url, request]) => ({
    request,
    ...placeIn(options.built, built.urls.get(url)),
  }));
  const places = firstPlaces(emitted);
  findings.push(...refusals(places, requests.values(), { photos, variants }, options.mayBeDamaged));
  findings.push(...warnings.map((words) => siteFinding("warning", site.configFile, words)));

  const urls = [...built.urls.keys()].sort();
  const result = { photos, variants, thumbnails, emitted, files: built.files, urls, rewritten };
  if (content === undefined) return { ...result, unscanned: [], unemitted: [], unprinted: [], findings };
  const { found, images, placed, galleries } = content;
  const inBuilt = built.galleries.map((gallery) => ({ ...gallery, ...placeIn(options.built, gallery) }));
  findings.push(
    ...galleryFindings(inBuilt, placed, galleries),
    ...(await uploadedSince(placed, galleries, session)),
  );
  const scanned = scannedUrls(site, found, images);
  const { unprinted, queries } = seenCovers(found.posts, images, requests.values());
  // If no page names the proxy, the site was built with other settings, and shows nothing about covers.
  if (built.inPages) await writeUnprinted(site.folder, queries).catch(() => {});
  findings.push(...found.findings.filter(({ severity }) => severity !== "note"));
  const unscanned = [...requests]
    .filter(([url, request]) => !scanned.has(url) && !isOriginal(request))
    .map(([url]) => ({ url, ...placeIn(options.built, built.urls.get(url)) }));
  const unemitted = [...scanned]
    .filter(([url]) => !built.urls.has(url))
    .map(([url, place]) => ({ url, ...place }));
  const unproxied = built.broken
    .filter(references.confirmed)
    .map(({ file }) => references.pageOf(file).source);
  const hooks = hookConflicts(site.templates, shownBy(unemitted, new Set(unproxied), sources));
  // A theme can have reasons to show no covers.
  const isTextLost = unemitted.some(({ isCover }) => !isCover);
  if (isTextLost) hooks.push(...site.silenced);
  if (isTextLost || hooks.length > 0) findings.push(...silenced(site, options.built, built, hooks));
  findings.push(
    ...(await staleWords(folder, files.names, site.folder, sources)).map((words) =>
      siteFinding("warning", options.built, words),
    ),
  );
  return { ...result, unscanned, unemitted, unprinted, findings };
}

// --- what Hugo emitted ---

/** All URLs of a photograph at one place are one finding. */
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

/** @returns each URL with the first places in the content; `isCover` if only covers name it. */
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

/**
 * The pages of which a photograph of the text is not emitted (a theme may have reasons not to show a cover), and those that name one
 * without the proxy.
 * @param unproxied content files.
 */
function shownBy(
  unemitted: readonly UrlPlace[],
  unproxied: ReadonlySet<string | undefined>,
  sources: readonly SourcePage[],
): SourcePage[] {
  const files = new Set(unemitted.filter(({ isCover }) => isCover !== true).map(({ file }) => file));
  return sources.filter(({ file }) => files.has(file) || unproxied.has(file));
}

/**
 * Why photographs of the content are on no page, or not by the proxy: their author sees plain images without a reason.
 * @param hooks what Hugo uses instead of the module's hook.
 */
function silenced(
  site: Site,
  folder: string,
  { inPages, otherEndpoints }: BuiltSite,
  hooks: readonly string[],
): Finding[] {
  const { endpoints, configFile } = site;
  if (inPages) return hooks.map((words) => siteFinding("warning", configFile, words));
  const others = Array.from(
    otherEndpoints,
    (endpoint) => `the pages name ${endpoint} instead of ${endpoints.join(", ")}`,
  );
  const reasons =
    [...(lacksModule(site) ? [NOT_IMPORTED] : hooks), ...others].join("; ") ||
    "is the module imported, and was the site built after that?";
  return [
    siteFinding("error", folder, `no page names the proxy, although the content has photographs: ${reasons}`),
  ];
}
