import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ManifestImage } from "../contract/manifest.ts";
import type { PublishedField } from "../contract/meta.ts";
import { type AltProblem, altFindings, altProblems } from "./alt/alt-text.ts";
import { type Budget, budgetFindings } from "./budget/budget.ts";
import { type Found, settlePosts } from "./content/found.ts";
import { readPosts } from "./content/posts.ts";
import { knownGalleries, listedGalleries, type WithGalleries } from "./content/site-galleries.ts";
import { counted } from "./counted.ts";
import { heavyPreviews, leftOut, readUnprinted } from "./covers.ts";
import { siteFinding } from "./findings.ts";
import { fillGalleries } from "./gallery/fill.ts";
import type { PlacedGallery } from "./gallery/placed.ts";
import {
  type KnownPhotographs,
  manifestImage,
  manifestOf,
  readManifest,
  withFields,
  writeManifest,
} from "./manifest.ts";
import { manifestName, manifestNames, openSite, placesOf } from "./open-site.ts";
import { planRequests } from "./plan.ts";
import { type Answers, refusals } from "./proxy/answers.ts";
import { blameOf, type Refusal } from "./proxy/blame.ts";
import { otherServers } from "./proxy/other-servers.ts";
import type { Probed } from "./proxy/probe.ts";
import { createSession, type SessionOptions, type Warmed } from "./proxy/session.ts";
import { writeEffort } from "./proxy/state.ts";
import type { Tune } from "./proxy/tuning/tune.ts";
import { changedFindings, withMade } from "./proxy/warm/changed.ts";
import { fieldsShown, untoldMeta } from "./published-meta.ts";
import { lacksModule, NOT_IMPORTED } from "./site/module-import.ts";
import type { SiteOptions } from "./site/site.ts";

export interface ScanOptions extends SessionOptions {
  readonly site: SiteOptions;
  /** Relative to the site; default: the file that the site's hook reads; `false`: no manifest is written. */
  readonly manifest?: string | false;
  /** Whether the report shows small pictures. */
  readonly pictured: boolean;
  /** Maximum bytes of a post's images, by screen. */
  readonly budget?: Budget;
  /** Whether an image without a useful alternative text is an error. */
  readonly requireAlt?: boolean;
  /** Only a plan: no request is sent and nothing is written. */
  readonly dryRun: boolean;
  /** Writes the manifest and makes no variant: while someone writes, readers' requests make them. */
  readonly manifestOnly?: boolean;
  /** Called with the possible keys of images before the server is asked about them. */
  readonly onKeys?: (keys: readonly string[]) => Promise<void>;
  /** Whether a part of a photograph may be missing, by its key. */
  readonly mayBeDamaged: (key: string) => boolean;
}

/** Result of a scan; `images` and `galleries` are those of the manifest. */
export interface ScanResult extends Found, Answers, KnownPhotographs {
  /** How long the server took to look at the photographs, in milliseconds: those that are new to it are decoded. */
  readonly probeMs: number;
  /** How it was asked to tune them, and how long that took, in milliseconds. */
  readonly tune?: Tune;
  readonly tuneMs: number;
  /** Every URL in the pages; sorted. */
  readonly urls: readonly string[];
  /** Small pictures by source key, as data URLs, if they were requested. */
  readonly thumbnails: ReadonlyMap<string, string>;
  readonly altProblems: readonly AltProblem[];
  /** The galleries of folders and patterns. */
  readonly placed: readonly PlacedGallery[];
  /** Requests of covers that no page made at the last check: they are not warmed. */
  readonly leftOut: number;
}

/** How often a scan is run again because a photograph was replaced meanwhile. */
const MOST_AGAIN = 2;

/**
 * A publish. It is run again if a photograph is replaced meanwhile: its manifest then names the version that the server has.
 * @throws CannotRun for a wrong configuration or proxy; Unanswered when the proxy does not answer for too long.
 */
export async function scanSite(options: ScanOptions): Promise<ScanResult> {
  let { result, changed } = await scanOnce(options);
  for (let again = 0; again < MOST_AGAIN && changed.size > 0; again++) {
    options.progress.note(`${[...changed].join(", ")} was replaced while the scan ran: it is run again`);
    const { variants } = result;
    ({ result, changed } = await scanOnce(options));
    result = { ...result, variants: withMade(variants, result.variants) };
  }
  const findings = [...result.findings, ...changedFindings(placesOf(result.posts), changed)];
  return { ...result, findings };
}

interface ScannedOnce {
  readonly result: ScanResult;
  readonly changed: ReadonlySet<string>;
}

/** From top to bottom: read the site, ask about its photographs, write the manifest, warm what its pages request. */
async function scanOnce(options: ScanOptions): Promise<ScannedOnce> {
  const site = await openSite(options.site);
  const read = await readPosts(site, { ...options, remember: !options.dryRun });
  const manifestFile = path.resolve(site.folder, options.manifest || manifestName(site));
  const fields = fieldsShown(site, read);
  const byDate = read.posts.some(({ galleries }) =>
    galleries.some(({ sources }) => sources.some(({ order }) => /date$/.test(order))),
  );
  const session = createSession(
    { ...site, meta: fields },
    {
      ...options,
      moreMeta: [
        // The photographs' own texts, as suggestions.
        ...(options.requireAlt === true ? (["alt", "description", "title"] as const) : []),
        ...(byDate ? (["date"] as const) : []),
      ],
    },
  );
  const before = await readManifest(manifestFile);
  const kept = options.dryRun || options.manifest === false ? before : undefined;
  const content =
    kept === undefined
      ? await listedGalleries(site, read, session, before.galleries)
      : knownGalleries(site, read, kept.galleries);
  const { possible, placed, listed } = content;
  await options.onKeys?.(possible.posts.flatMap(({ uses }) => uses.flatMap(({ keys }) => keys)));
  const began = performance.now();
  const probed = options.dryRun ? new Map() : await session.probe(keysOf(content, kept));
  const probeMs = performance.now() - began;
  const photos = await session.tune(probed);
  const tuneMs = performance.now() - began - probeMs;
  const images = kept?.images ?? manifestImages(photos, fields, before.images, options.token !== undefined);
  const filled = fillGalleries(listed, photos, images, before.galleries);
  const galleries = kept?.galleries ?? filled.galleries;
  const found = settlePosts(possible, { images, galleries });
  const uses = found.posts.flatMap((post) => post.uses);
  const { requests, urls } = planRequests(uses, images, site.signatureKey);
  const ofSite = [
    ...site.warnings.map(({ words }) => words),
    ...(found.posts.length > 0 && lacksModule(site) ? [NOT_IMPORTED] : []),
  ].map((words) => siteFinding("warning", site.configFile, words));
  const alts = altProblems(found.posts, photos, images);
  const altErrors = options.requireAlt === true ? altFindings(alts) : [];
  if (options.dryRun) {
    const result = {
      ...found,
      findings: [...found.findings, ...listed.findings, ...ofSite, ...altErrors],
      images,
      galleries,
      altProblems: alts,
      urls,
      photos,
      probeMs,
      tuneMs,
      variants: new Map(),
      thumbnails: new Map(),
      leftOut: 0,
      placed,
    };
    return { result, changed: notWarmed.changed };
  }

  // A wrong or temporarily empty bucket has no photograph at all: keep the results of the last good scan.
  const isLost = images.size === 0 && before.images.size > 0 && (photos.size > 0 || placed.length > 0);
  const written = isLost ? withoutFields(before, fields) : { images, galleries };
  const isCut = isLost && !isDeepStrictEqual(written.images, before.images);
  if (kept === undefined && (isCut || !isLost))
    for (const file of options.manifest ? [manifestFile] : manifestNames(site))
      await writeManifest(file, manifestOf(written));
  const left = leftOut(found.posts, images, await readUnprinted(site.folder));
  if (options.token !== undefined && options.manifestOnly !== true)
    await writeEffort(site.folder, options.effort);
  const warmed = options.manifestOnly === true ? notWarmed : await session.warm(requests, photos, left);
  const { variants, warnings } = warmed;
  const asked = { ...options, endpoint: site.endpoints[0] ?? "" };
  // If the operator names the endpoint, they know about the others.
  const asksOthers = options.endpoint === undefined && options.manifestOnly !== true;
  const others = asksOthers ? await otherServers(site, asked, uses, images) : [];
  const refused = refusals(
    placesOf(found.posts),
    requests.values(),
    { photos, variants },
    options.mayBeDamaged,
  );
  const thumbnails = options.pictured ? await session.thumbnails(photos) : new Map<string, string>();
  const findings = [
    ...found.findings,
    ...listed.findings,
    ...filled.findings,
    ...refused,
    ...altErrors,
    ...heavyPreviews(found.posts, images, variants),
    ...budgetFindings(found.posts, options.budget ?? {}, { images, photos, variants }),
    ...ofSite,
    ...[
      ...warnings,
      ...others,
      ...untoldMeta(site.needsMeta ? fields : [], "params.imgproxy.meta names", photos),
      ...untoldMeta(byDate ? ["date"] : [], "a gallery is ordered by", photos),
      ...(isLost ? [lostWords(manifestFile, photos.size, isCut)] : []),
    ].map((words) => siteFinding("warning", site.configFile, words)),
  ];
  const result = {
    ...found,
    photos,
    placed,
    listings: listed.listings,
    probeMs,
    ...(options.tune !== undefined && { tune: options.tune }),
    tuneMs,
    images,
    galleries,
    urls,
    variants,
    thumbnails,
    findings,
    altProblems: alts,
    leftOut: left.size,
  };
  return { result, changed: warmed.changed };
}

const notWarmed: Warmed = { variants: new Map(), warnings: [], changed: new Set() };

/**
 * The keys to ask about: all possible keys of each image, and all photographs of each gallery. If the hook reads an existing
 * manifest, which this scan does not write, then those that the hook uses.
 */
function keysOf(
  { possible, listed }: WithGalleries,
  kept: KnownPhotographs | undefined,
): (readonly string[])[] {
  if (kept !== undefined)
    return settlePosts(possible, kept).posts.flatMap(({ uses }) => uses.map(({ key }) => [key]));
  const ofGalleries = listed.galleries.flatMap(({ keys }) => keys.map((key) => [key]));
  return [...possible.posts.flatMap(({ uses }) => uses.map(({ keys }) => keys)), ...ofGalleries];
}

// --- the manifest ---

function lostWords(file: string, photos: number, isCut: boolean): string {
  const what =
    photos === 0 ? "no gallery has a photograph" : `none of ${counted(photos, "photograph")} exists`;
  const but = isCut ? ", but for metadata that the site does not publish now" : "";
  return `${what}, so ${path.basename(file)} is not changed${but}: is the server's SOURCE correct?`;
}

/**
 * A photograph that cannot be read now keeps its entry: its page is then not worse, and its variants may be in the cache.
 * @param isToldAll whether the server tells everything that it is asked for: with a token.
 */
function manifestImages(
  photos: ReadonlyMap<string, Probed>,
  fields: readonly PublishedField[],
  before: ReadonlyMap<string, ManifestImage>,
  isToldAll: boolean,
): Map<string, ManifestImage> {
  const images = new Map<string, ManifestImage>();
  for (const [key, info] of photos) {
    const kept = before.get(key);
    if (!("problem" in info)) images.set(key, manifestImage(info, fields, isToldAll ? undefined : kept));
    else if (kept !== undefined && mayBeThere(info.problem)) images.set(key, withFields(kept, fields));
  }
  return images;
}

/** With no more metadata than the site publishes now. */
function withoutFields(before: KnownPhotographs, fields: readonly PublishedField[]): KnownPhotographs {
  const images = [...before.images].map(([key, image]) => [key, withFields(image, fields)] as const);
  return { ...before, images: new Map(images) };
}

function mayBeThere({ code }: Refusal): boolean {
  return blameOf(code) !== "photograph" || code === "withheld-source" || code === "moved-source";
}
