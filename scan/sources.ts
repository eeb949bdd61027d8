import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Candidates, candidatesFor, socialRequest } from "../contract/candidates.ts";
import { type Photo, parseDestination } from "../contract/destination.ts";
import type { ManifestImage } from "../contract/manifest.ts";
import type { SiteParams } from "../contract/params.ts";
import { InvalidRequest, parseQuery } from "../contract/request.ts";

/** One place that shows a photograph of the proxy's. */
export interface Use {
  readonly key: string;
  readonly line: number;
  readonly column: number;
  /** Where the page's readers reach the proxy. */
  readonly endpoint: string;
  /** What the page asks for there, once the manifest is known. */
  candidates(image: ManifestImage | undefined): Candidates;
}

/** What a reference turned out to be. */
export type Source =
  | { readonly kind: "photo"; readonly use: Use; readonly warnings: readonly string[] }
  | { readonly kind: "invalid"; readonly problem: string }
  /** Another host's, or an image that Hugo has itself. */
  | { readonly kind: "left" };

export interface SourceReference {
  readonly destination: string;
  readonly line: number;
  readonly column: number;
  readonly as: "image" | "cover" | "preview" | "url";
}

export interface SourcePage {
  readonly folder: string;
  /** Where Hugo looks for the page's own resources, and whether below it too. */
  readonly resources?: { readonly folder: string; readonly deep: boolean };
}

/** Finds what references mean on one site; remembers the folders it has read. */
export interface SourceResolver {
  resolve(reference: SourceReference, page: SourcePage, params: SiteParams): Promise<Source>;
}

/**
 * @param site its folder, and the folders that Hugo mounts at `assets/`.
 */
export function createSourceResolver(site: {
  readonly folder: string;
  readonly assets: readonly string[];
  /** Link previews name the proxy from 0.121 on. */
  readonly hugoMinor: number;
  /** Called once for each folder that is there but cannot be read; what it holds is not known then. */
  readonly onUnreadable: (folder: string, error: unknown) => void;
}): SourceResolver {
  const folders = createFolders(site.onUnreadable);
  return {
    async resolve(reference, page, params) {
      if (reference.as === "url") return writtenUrl(reference, params.endpoint);
      const parsed = parseDestination(reference.destination, params, page.folder);
      if (parsed.kind === "foreign" || params.endpoint === "") return { kind: "left" };
      if (parsed.kind === "invalid") return parsed;
      const local = params.local === "hugo" ? localPath(reference.destination) : undefined;
      if (local !== undefined && (await isHugos(local, parsed.key, page, site, folders)))
        return { kind: "left" };
      return {
        kind: "photo",
        use: useOf(parsed, reference, params, site.hugoMinor >= 121),
        warnings: parsed.problems,
      };
    },
  };
}

// --- uses ---

/** A cover is shown in cards, with tiers, and in link previews, as JPEG. */
function useOf(photo: Photo, reference: SourceReference, params: SiteParams, previews: boolean): Use {
  const { line, column, as } = reference;
  const candidates = once((image: ManifestImage | undefined): Candidates => {
    const shown = candidatesFor(photo, params, image);
    const social = as === "image" || !previews ? undefined : socialRequest(photo, params, image);
    const all = [...(as === "preview" ? [] : shown.all), ...(social === undefined ? [] : [social])];
    return { src: (as === "preview" ? social : undefined) ?? shown.src, all };
  });
  return { key: photo.key, line, column, endpoint: params.endpoint, candidates };
}

/** Remembers the last answer: the plan, the sums and the reports all ask the same. */
function once<Argument, Result>(work: (argument: Argument) => Result): (argument: Argument) => Result {
  let last: { readonly argument: Argument; readonly result: Result } | undefined;
  return (argument) => {
    if (last === undefined || last.argument !== argument) last = { argument, result: work(argument) };
    return last.result;
  };
}

/** A URL that reaches the page as it was written asks for exactly what it says. */
function writtenUrl({ destination, line, column }: SourceReference, endpoint: string): Source {
  try {
    const { signature: _, ...request } = parseQuery(destination.slice(destination.indexOf("?") + 1));
    const candidates = { src: request, all: [request] };
    const use = { key: request.key, line, column, endpoint, candidates: () => candidates };
    return { kind: "photo", use, warnings: [] };
  } catch (error) {
    if (error instanceof InvalidRequest) return { kind: "invalid", problem: error.message };
    throw error;
  }
}

// --- what Hugo has itself ---

/** The path that a relative destination has for Hugo's resources; nothing for a URL. */
function localPath(destination: string): string | undefined {
  const plain = parseDestination(destination, { endpoint: "", sources: [], resolve: "flat" });
  return plain.kind === "photo" ? plain.key : undefined;
}

/** The order of layouts/partials/imgproxy/resolve.html: the page's resources, the site's, then `static/`. */
async function isHugos(
  local: string,
  key: string,
  page: SourcePage,
  site: { readonly folder: string; readonly assets: readonly string[] },
  folders: Folders,
): Promise<boolean> {
  const { resources } = page;
  const own = resources !== undefined && (resources.deep || !local.includes("/"));
  if (isImage(local)) {
    if (own && (await folders.has(resources.folder, local, "any case"))) return true;
    for (const assets of site.assets) if (await folders.has(assets, local, "exact")) return true;
  }
  return folders.has(path.join(site.folder, "static"), key, "exact");
}

/** What Hugo takes for an image, by its name. */
function isImage(name: string): boolean {
  return /\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|avif)$/i.test(name);
}

interface Folders {
  has(root: string, below: string, match: "exact" | "any case"): Promise<boolean>;
}

/** Folders read once: posts ask for the same ones over and over. */
function createFolders(onUnreadable: (folder: string, error: unknown) => void): Folders {
  const read = new Map<string, Promise<{ readonly names: Set<string>; readonly lower: Set<string> }>>();
  const namesIn = (folder: string) => {
    const known = read.get(folder);
    if (known !== undefined) return known;
    const names = readdir(folder).then(
      (all) => ({ names: new Set(all), lower: new Set(all.map((name) => name.toLowerCase())) }),
      (error: unknown) => {
        if (!isAbsent(error)) onUnreadable(folder, error);
        return { names: new Set<string>(), lower: new Set<string>() };
      },
    );
    read.set(folder, names);
    return names;
  };
  return {
    async has(root, below, match) {
      const { names, lower } = await namesIn(path.join(root, path.posix.dirname(below)));
      const name = path.posix.basename(below);
      return match === "exact" ? names.has(name) : lower.has(name.toLowerCase());
    },
  };
}

/** A name that no folder can have is absent too. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return /^(?:ENOENT|ENOTDIR|ENAMETOOLONG|ERR_INVALID_ARG_VALUE)$/.test(String(error.code));
}
