import path from "node:path";
import type { ImageInfo } from "../contract/info.ts";
import type { ManifestImage } from "../contract/manifest.ts";
import type { SiteParams } from "../contract/params.ts";
import { blame } from "./blame.ts";
import { CannotRun } from "./cannot-run.ts";
import type { Finding } from "./findings.ts";
import type { Server } from "./http.ts";
import { readManifest, writeManifest } from "./manifest-file.ts";
import { type Page, publishedPages } from "./pages.ts";
import { planRequests } from "./plan.ts";
import { type Probed, probe } from "./probe.ts";
import type { Progress } from "./progress.ts";
import { type Reference, type ReferenceRules, references } from "./references.ts";
import { isTree } from "./site/config.ts";
import { loadSite, type Site } from "./site.ts";
import { createSourceResolver, type SourceResolver, type Use } from "./sources.ts";
import { type Variant, variantsOf, type WarmResult } from "./warm/variant.ts";
import { warm } from "./warm.ts";

export interface ScanOptions {
  readonly site: string;
  readonly environment: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly hugoMinor: number;
  /** Where the scan reaches the proxy; absent: where the site's readers do. */
  readonly endpoint?: string;
  readonly token?: string;
  /** The encoder's effort when it warms, 0 to 9. */
  readonly effort?: number;
  /** Relative to the site; absent: where the site's hook reads it; `false`: left as it is. */
  readonly manifest?: string | false;
  /** Plans only: no request is made and nothing is written. */
  readonly dryRun: boolean;
  readonly concurrency: number;
  readonly patienceMs: number;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A post that shows photographs. */
export interface Post {
  readonly file: string;
  readonly uses: readonly Use[];
}

/** What a scan found and did. */
export interface ScanResult {
  /** Content files that Hugo publishes, with photographs or without. */
  readonly pages: number;
  readonly posts: readonly Post[];
  /** What the proxy said of each photograph; empty after a dry run. */
  readonly photos: ReadonlyMap<string, Probed>;
  /** What the manifest says. */
  readonly images: ReadonlyMap<string, ManifestImage>;
  /** Every URL that the pages ask for, as they have it; sorted. */
  readonly urls: readonly string[];
  /** By {@link variantName}. */
  readonly variants: ReadonlyMap<string, WarmResult>;
  readonly findings: readonly Finding[];
}

/**
 * A publish, top to bottom: read the site, ask for its photographs, tell Hugo of them, warm what its pages ask for.
 * @throws CannotRun for a configuration or a proxy at fault; Unanswered when the proxy is away for too long.
 */
export async function scanSite(options: ScanOptions): Promise<ScanResult> {
  const site = await loadSite({ folder: options.site, ...options });
  if (site.params.endpoint === "")
    throw new CannotRun(
      "params.imgproxy.endpoint is not set; set it to where readers reach the server, or give --endpoint",
    );
  const found = await readPages(site, options);
  const uses = found.posts.flatMap((post) => post.uses);
  const manifestFile = path.resolve(site.folder, options.manifest || manifestName(site));
  const before = await readManifest(manifestFile);
  if (options.dryRun)
    return {
      ...found,
      photos: new Map(),
      images: before,
      urls: planRequests(uses, before, site.signatureKey).urls,
      variants: new Map(),
    };

  const server = serverOf(site, options);
  const photos = await probePhotos(server, uses, site, options.progress);
  const images = options.manifest === false ? before : manifestImages(photos);
  if (options.manifest !== false)
    await writeManifest(manifestFile, { schema: 1, images: Object.fromEntries(images) });

  const there = uses.filter((use) => !("problem" in (photos.get(use.key) ?? {})));
  const { urls } = planRequests(uses, images, site.signatureKey);
  const { requests } = planRequests(there, images, site.signatureKey);
  const variants = await warmAll(server, [...requests.values()].flatMap(variantsOf), site, options);
  const findings = [...found.findings, ...blame(found.posts, refusals(photos, variants))];
  return { ...found, photos, images, urls, variants, findings };
}

// --- reading the site ---

async function readPages(
  site: Site,
  options: ScanOptions,
): Promise<{ readonly pages: number; readonly posts: Post[]; readonly findings: Finding[] }> {
  const resolver = createSourceResolver({
    folder: site.folder,
    assets: site.mounts.assets.map((mount) => mount.source),
    hugoMinor: site.hugoMinor,
  });
  const findings: Finding[] = [];
  const posts: Post[] = [];
  let pages = 0;
  options.progress.start("reading posts");
  for await (const page of publishedPages(site, options.now)) {
    options.signal.throwIfAborted();
    pages++;
    options.progress.advance();
    const post = await readPost(page, site, resolver, findings);
    if (post.uses.length > 0) posts.push(post);
  }
  options.progress.end();
  return { pages, posts, findings };
}

async function readPost(
  page: Page,
  site: Site,
  resolver: SourceResolver,
  findings: Finding[],
): Promise<Post> {
  const note = (severity: Finding["severity"], message: string, at = { line: page.line, column: 1 }) =>
    findings.push({ severity, file: page.file, line: at.line, column: at.column, message });
  if (page.problem !== undefined) note("error", `the front matter cannot be read: ${page.problem}`);
  const fault = (message: string, at?: Reference) => note("error", message, at);
  const own = paramsWith(page, site, {}, fault);
  const uses: Use[] = [];
  for (const reference of references(page, rulesOf(own, site))) {
    const params = reference.overrides
      ? paramsWith(page, site, reference.overrides, (message) => fault(message, reference))
      : own;
    const source = await resolver.resolve(reference, page, params);
    if (source.kind === "invalid") note("error", source.problem, reference);
    if (source.kind !== "photo") continue;
    for (const warning of source.warnings) note("warning", warning, reference);
    uses.push(source.use);
  }
  return { file: page.file, uses };
}

/** The parameters that hold for a page, and for one image of it. */
function paramsWith(
  page: Page,
  site: Site,
  overrides: Readonly<Record<string, unknown>>,
  onFault: (message: string) => void,
): SiteParams {
  const own = page.values.imgproxy;
  const all = isTree(own) || own === undefined ? { ...own, ...overrides } : own;
  try {
    return site.paramsWith(all, page.file);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    onFault(error.message);
    return site.params;
  }
}

function rulesOf(params: SiteParams, site: Site): ReferenceRules {
  return { frontmatter: params.frontmatter, endpoints: [params.endpoint], unsafeHtml: site.unsafeHtml };
}

// --- the proxy ---

function serverOf(site: Site, options: ScanOptions): Server {
  const { token, concurrency, patienceMs, signal } = options;
  const endpoint = options.endpoint ?? site.params.endpoint;
  return { endpoint, concurrency, patienceMs, signal, ...(token !== undefined && { token }) };
}

async function probePhotos(
  server: Server,
  uses: readonly Use[],
  site: Site,
  progress: Progress,
): Promise<Map<string, Probed>> {
  const keys = [...new Set(uses.map((use) => use.key))].sort();
  progress.start("asking for photographs", keys.length);
  const photos = await probe(server, keys, site.signatureKey, (count) => progress.advance(count));
  progress.end();
  return photos;
}

async function warmAll(
  server: Server,
  variants: readonly Variant[],
  site: Site,
  options: ScanOptions,
): Promise<Map<string, WarmResult>> {
  const { progress, effort } = options;
  progress.start("warming", variants.length);
  const results = await warm(server, variants, {
    ...(site.signatureKey !== undefined && { key: site.signatureKey }),
    ...(effort !== undefined && { effort }),
    onProgress: (count) => progress.advance(count),
  });
  progress.end();
  return results;
}

// --- the manifest ---

function manifestName(site: Site): string {
  const [assets] = site.mounts.assets;
  return path.join(assets?.source ?? path.join(site.folder, "assets"), site.params.manifest);
}

function manifestImages(photos: ReadonlyMap<string, Probed>): Map<string, ManifestImage> {
  const images = new Map<string, ManifestImage>();
  for (const [key, info] of photos) if (!("problem" in info)) images.set(key, manifestImage(info));
  return images;
}

function manifestImage({ width, height, version, color, placeholder }: ImageInfo): ManifestImage {
  return {
    width,
    height,
    version,
    ...(color !== undefined && { color }),
    ...(placeholder !== undefined && { placeholder }),
  };
}

// --- what went wrong ---

/** By source key: the photograph's own problem, else the first of its variants'. */
function refusals(
  photos: ReadonlyMap<string, Probed>,
  variants: ReadonlyMap<string, WarmResult>,
): Map<string, string> {
  const words = new Map<string, string>();
  for (const [name, result] of variants) {
    const key = new URLSearchParams(name.split(" ", 1)[0]).get("img");
    if (result.status === "failed" && key !== null)
      words.set(key, `${key} cannot be made (${name}): ${result.problem.detail}`);
  }
  for (const [key, info] of photos) if ("problem" in info) words.set(key, `${key}: ${info.problem.detail}`);
  return words;
}
