import path from "node:path";
import type { ManifestImage } from "../../contract/manifest.ts";
import { type Candidates, candidatesFor, socialRequest } from "../../contract/page/candidates.ts";
import { type Photo, parseDestination } from "../../contract/page/destination.ts";
import type { SiteParams } from "../../contract/page/params.ts";
import { InvalidRequest, parseQuery } from "../../contract/url/request.ts";
import type { ShownWidth } from "../gallery/layout.ts";
import { once } from "../once.ts";
import { createFolders, type Folders } from "./folders.ts";

/** One place that shows a photograph of the proxy, before it is known which keys exist. */
export interface PossibleUse {
  /** The first key that exists is shown; if none does, the first. */
  readonly keys: readonly string[];
  readonly line: number;
  readonly column: number;
  /** The page's endpoint. */
  readonly endpoint: string;
  /** Named by front matter: the theme decides whether a page shows it. */
  readonly isCover: boolean;
  /** What it says to those who cannot see it; undefined if nobody has to say anything: a cover, a decoration. */
  readonly alt?: string;
  /** Whether the photograph's own text stands where `alt` is empty. */
  readonly fromPhoto?: boolean;
  /** Of a photograph of a gallery: what its author wrote, a folder, a pattern or keys. They write no texts for its photographs. */
  readonly gallery?: string;
  /** Whether its caption has camera and exposure. */
  readonly exif?: boolean;
  /** How wide the page shows it: the `sizes` attribute, or a fixed width in its form. */
  readonly sizes: string;
  /** In a gallery: how wide it is shown where the page is as wide as `sizes` says. */
  readonly shownWidth?: ShownWidth;
  /** The requests of the page, once the manifest is known. */
  candidates(key: string, image: ManifestImage | undefined): Candidates;
}

/** The same with the key that the hook uses. */
export interface Use extends Omit<PossibleUse, "candidates"> {
  readonly key: string;
  candidates(image: ManifestImage | undefined): Candidates;
}

/** @param has whether the hook's manifest contains a key. */
export function settleUse(use: PossibleUse, has: (key: string) => boolean): Use {
  const { candidates } = use;
  const key = use.keys.find(has) ?? use.keys[0] ?? "";
  return { ...use, key, candidates: once((image) => candidates(key, image)) };
}

/** The result of resolving a reference. */
export type Source =
  | { readonly kind: "photo"; readonly use: PossibleUse; readonly warnings: readonly string[] }
  | { readonly kind: "invalid"; readonly problem: string }
  /** An image of another host, or, with `local`, a file of the Hugo site. */
  | { readonly kind: "left"; readonly local?: Local };

/** A file that Hugo shows itself. */
export interface Local {
  /** Path on this machine. */
  readonly file: string;
  /** The possible keys of the same destination in the bucket, once the file is gone. */
  readonly keys: readonly string[];
}

export interface SourceReference {
  readonly destination: string;
  readonly line: number;
  readonly column: number;
  readonly as: "image" | "cover" | "preview" | "url";
  readonly alt?: string;
}

export interface SourcePage {
  /** Below `content/`; empty for references that belong to no page. */
  readonly folder: string;
  /** The page's own files by their names in lower case. */
  resources?(): ReadonlyMap<string, string>;
}

/** Resolves references on one site; remembers the folders that it has read. */
export interface SourceResolver {
  resolve(reference: SourceReference, page: SourcePage, params: SiteParams): Source;
}

/** The parts of a site that decide where an image comes from. */
export interface ResolverSite {
  /** Folders below `static/` that Hugo's templates can see. */
  readonly statics: readonly string[];
  /** Folders that Hugo mounts at `assets/`. */
  readonly assets: readonly string[];
  /** From 0.121 on, link previews use the proxy. */
  readonly hugoMinor: number;
  /** Called once for each folder that exists but cannot be read; its content is then unknown. */
  readonly onUnreadable: (folder: string, error: unknown) => void;
}

export function createSourceResolver(site: ResolverSite): SourceResolver {
  const folders = createFolders(site.onUnreadable);
  return {
    resolve(reference, page, params) {
      if (reference.as === "url") return writtenUrl(reference, params.endpoint);
      const parsed = parseDestination(reference.destination, params, page.folder);
      if (parsed.kind === "foreign" || params.endpoint === "") return { kind: "left" };
      if (parsed.kind === "invalid") return parsed;
      const file = params.local === "proxy" ? undefined : hugosFile(parsed.paths, page, site, folders);
      if (file !== undefined) return { kind: "left", local: { file, keys: parsed.keys } };
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
function useOf(photo: Photo, reference: SourceReference, params: SiteParams, previews: boolean): PossibleUse {
  const { line, column, as, alt } = reference;
  const candidates = (key: string, image: ManifestImage | undefined): Candidates => {
    const shown = candidatesFor({ ...photo, key }, params, image);
    const social = as === "image" || !previews ? undefined : socialRequest({ ...photo, key }, params, image);
    const all = [...(as === "preview" ? [] : shown.all), ...(social === undefined ? [] : [social])];
    const src = (as === "preview" ? social : undefined) ?? shown.src;
    return { src, all, ...(social !== undefined && { preview: social }) };
  };
  const isCover = as === "cover" || as === "preview";
  const width = params.fixed > 0 ? params.fixed : photo.widest;
  const sizes = width === undefined ? params.sizes : `${width}px`;
  const isDecoration = /#decorative$/.test(reference.destination);
  return {
    keys: photo.keys,
    line,
    column,
    endpoint: params.endpoint,
    isCover,
    sizes,
    candidates,
    ...(alt !== undefined && !isDecoration && { alt, fromPhoto: params.captions === "photo" }),
    ...(params.exif && { exif: true }),
  };
}

/** A photograph of a gallery. Its key is the source's, whatever files the site has itself. */
export function photoUse(
  key: string,
  place: Pick<PossibleUse, "line" | "column" | "isCover">,
  params: SiteParams,
  how:
    | { readonly as: "image"; readonly gallery: string }
    | { readonly as: "cover"; readonly previews: boolean },
): PossibleUse {
  const photo: Photo = { kind: "photo", key, keys: [key], paths: [], problems: [] };
  const { as } = how;
  const own = as === "image" ? { alt: "" } : {};
  const previews = as === "cover" && how.previews;
  const use = useOf(photo, { ...place, ...own, destination: "", as }, params, previews);
  return { ...use, isCover: place.isCover, ...(as === "image" && { gallery: how.gallery }) };
}

/** A URL that is printed as written requests exactly what it says. */
function writtenUrl({ destination, line, column }: SourceReference, endpoint: string): Source {
  try {
    const { signature: _, ...request } = parseQuery(destination.slice(destination.indexOf("?") + 1));
    const candidates = { src: request, all: [request] };
    const place = { keys: [request.key], line, column, endpoint };
    const use = { ...place, isCover: false, sizes: "", candidates: () => candidates };
    return { kind: "photo", use, warnings: [] };
  } catch (error) {
    if (error instanceof InvalidRequest) return { kind: "invalid", problem: error.message };
    throw error;
  }
}

// --- what Hugo has itself ---

/** The order of layouts/partials/imgproxy/_/source/resolve.html: the page's resources, the site's assets, then `static/`. */
function hugosFile(
  paths: readonly string[],
  page: SourcePage,
  site: ResolverSite,
  folders: Folders,
): string | undefined {
  const [written] = paths;
  if (written === undefined) return undefined;
  const own = page.resources?.().get(written.toLowerCase());
  if (own !== undefined) return own;
  for (const assets of site.assets)
    if (folders.has(assets, written, "file")) return path.join(assets, written);
  for (const below of paths)
    for (const folder of site.statics)
      if (folders.has(folder, below, "anything")) return path.join(folder, below);
  return undefined;
}
