import { removeDotSegments } from "../../contract/page/destination.ts";
import { checkGalleryArguments, type GalleryArguments } from "../../contract/page/gallery-arguments.ts";
import type { SiteParams } from "../../contract/page/params.ts";
import rules from "../../contract/param-rules.json" with { type: "json" };
import { keyProblem } from "../../contract/url/key.ts";
import { parseGlob } from "../site/glob.ts";
import { type GalleryOrder, galleryOrders } from "./order.ts";

/** What a shortcode or front matter says of a gallery. */
export interface AskedGallery extends GalleryArguments {
  /** A folder, a glob or a key; or keys, shown in this order. */
  readonly from: string | readonly string[];
  /** Named by front matter: the theme decides whether a page shows it. */
  readonly isCover: boolean;
}

/** A gallery of a folder, or of the keys that a glob matches. */
export interface GallerySource {
  /** Of the manifest's list: the folder or the glob, then `?order=` unless it is by name. */
  readonly name: string;
  /** The same without the order, for people. */
  readonly reference: string;
  /** The folder that is listed, with its slash; empty for the root. */
  readonly folder: string;
  /** Whether its folders are listed too. */
  readonly deep: boolean;
  readonly order: GalleryOrder;
  /** Whether a key of the listing belongs to it. */
  matches(key: string): boolean;
}

export interface ParsedGallery {
  /** Of a list: the destinations, as in `![](…)`. */
  readonly keys?: readonly string[];
  /** Otherwise: the possible folders or globs; the first that has a photograph is shown. */
  readonly sources?: readonly [GallerySource, ...GallerySource[]];
  /** Maximum number of photographs that the page shows. */
  readonly limit?: number;
  /** How it is laid out. */
  readonly layout: Pick<GalleryArguments, "columns" | "cover">;
  /** Ignored arguments, each with a message for the author. */
  readonly problems: readonly string[];
}

/** More than this is an error: a page with more photographs is too long for a browser. */
export const MOST_PHOTOGRAPHS = 2_000;

/**
 * Reads a gallery by the rules of the templates (layouts/partials/imgproxy/_/gallery).
 * @param pageFolder the page's folder below `content/`, for `resolve = "page"`.
 * @returns a message for a name that no folder and no key can have.
 */
export function parseGallery(
  asked: AskedGallery,
  site: Pick<SiteParams, "resolve">,
  pageFolder: string,
): ParsedGallery | { readonly invalid: string } {
  const { from } = asked;
  const invalid = misunderstood(from);
  if (invalid !== undefined) return { invalid };
  const keys = typeof from !== "string" ? from : isKey(from) ? [from] : undefined;
  const { taken, problems: ignored } = checkGalleryArguments(asked, keys !== undefined);
  const problems = from.length === 0 ? [...ignored, `the gallery ${rules.gallery.nothing.words}`] : ignored;
  const limit = taken.limit === undefined ? undefined : Number(taken.limit);
  const parts = { problems, layout: taken, ...(limit !== undefined && { limit }) };
  if (typeof from !== "string" || keys !== undefined) return { ...parts, keys: (keys ?? []).slice(0, limit) };
  const order = galleryOrders.find((known) => known === taken.order) ?? "name";
  const [first, ...others] = candidates(from, site, pageFolder).map((reference) =>
    sourceOf(reference, order),
  );
  if (first === undefined || "invalid" in first) return first ?? { invalid: "the gallery names nothing" };
  return { ...parts, sources: [first, ...others.flatMap((one) => ("invalid" in one ? [] : [one]))] };
}

/** What authors write that is no folder's name, with what to write. */
function misunderstood(from: AskedGallery["from"]): string | undefined {
  if (typeof from !== "string") return undefined;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from))
    return `the gallery ${JSON.stringify(from)} is a URL: name a folder of the bucket, such as trips/alps`;
  const [, folder, name, value] = /^([^?]*)\?(order|limit|columns|cover)=([^&]*)/.exec(from) ?? [];
  if (folder === undefined) return undefined;
  return `the gallery ${JSON.stringify(from)} has a setting in its name: write src="${folder}" ${name}="${value}"`;
}

function isKey(text: string): boolean {
  return !isGlob(text) && /\.(?:jpe?g|png|webp|avif|gif|svg)$/i.test(text);
}

function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

// --- folders and globs ---

/** In the page's folder first, as for keys (contract/page/destination.ts). */
function candidates(from: string, { resolve }: Pick<SiteParams, "resolve">, pageFolder: string): string[] {
  const reference = (text: string) => removeDotSegments(text).replace(/^\/+|\/+$/g, "");
  const written = reference(from);
  if (resolve !== "page" || from.startsWith("/")) return [written];
  return [...new Set([reference(`${pageFolder}${from}`), written])];
}

function sourceOf(reference: string, order: GalleryOrder): GallerySource | { readonly invalid: string } {
  const segments = reference.split("/");
  const plain = isGlob(reference) ? segments.findIndex(isGlob) : reference === "" ? 0 : segments.length;
  const folder = segments
    .slice(0, plain)
    .map((segment) => `${segment}/`)
    .join("");
  const problem = reference === "" ? undefined : keyProblem(isGlob(reference) ? reference : folder);
  if (problem !== undefined) return { invalid: `the gallery ${JSON.stringify(reference)} ${problem}` };
  return {
    name: order === "name" ? reference : `${reference}?order=${order}`,
    reference: reference || "/",
    folder,
    deep: isGlob(reference) && (plain < segments.length - 1 || reference.includes("**")),
    order,
    matches: isGlob(reference) ? globMatcher(reference) : () => true,
  };
}

/** Only `*`, `?` and `**` are wildcards. A segment `**` also stands for no folder, as in a shell. */
function globMatcher(glob: string): (key: string) => boolean {
  const literal = glob.replaceAll(/[[\]{},!]/g, String.raw`\$&`);
  const matches = parseGlob(literal.replaceAll(/(?<=^|\/)\*\*\//g, "{,**/}"));
  if (matches === undefined) throw new Error(`a glob without classes and groups is always valid: ${glob}`);
  return matches;
}
