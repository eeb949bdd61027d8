import { decodeOnce, queryUnescape } from "./escape.ts";
import { askedFormats, type Format } from "./formats.ts";
import { keyProblem } from "./key.ts";
import type { SiteParams } from "./params.ts";
import { MAX_QUALITY, MAX_WIDTH } from "./request.ts";
import { trimSlashes } from "./url.ts";

/** A photograph that a post names, with what its destination asks of the ladder. */
export interface Photo {
  readonly kind: "photo";
  /** Of `keys` the one that is meant, as far as `parseDestination` knows: the first. */
  readonly key: string;
  /** Each that may be meant, in order: the first that exists is. More than one where keys are relative to the page's folder. */
  readonly keys: readonly string[];
  /** Where below the site's root an image of this destination would be that Hugo has itself, in order; none for a URL. */
  readonly paths: readonly string[];
  /** `?q=`: the quality of every tier. */
  readonly quality?: number;
  /** `?w=`: the widest tier. */
  readonly widest?: number;
  /** `?fm=`: the format of every tier. */
  readonly format?: Format;
  /** Overrides that were ignored, each in words for the author. */
  readonly problems: readonly string[];
}

/** What the hook leaves to Hugo: another host's image, a `data:` URL, nothing at all. */
export interface Foreign {
  readonly kind: "foreign";
}

/** What was meant for the proxy but names no key it could have. */
export interface InvalidDestination {
  readonly kind: "invalid";
  readonly problem: string;
}

export type Destination = Photo | Foreign | InvalidDestination;

/**
 * What a Markdown destination means on a site.
 * @param destination as a Markdown parser gives it: backslash escapes and entities decoded, percent-escapes not.
 * @param pageFolder the page's folder below `content/`, such as `posts/x/`, for `resolve = "page"`; empty for a destination that
 *   is a parameter of the site, which belongs to no page.
 */
export function parseDestination(
  destination: string,
  site: Pick<SiteParams, "endpoint" | "sources" | "resolve">,
  pageFolder = "",
): Destination {
  const [beforeFragment = ""] = destination.split("#", 1);
  const { path, query } = splitQuery(beforeFragment);
  const absolute = proxiedKey(path, query, site) ?? sourceKey(path, site);
  const relative = absolute === undefined ? relativePaths(path, site, pageFolder) : undefined;
  const wanted = absolute === undefined ? (relative?.toReversed() ?? []) : [absolute];
  const [first] = wanted;
  if (first === undefined) return { kind: "foreign" };
  const keys = wanted.filter((key) => keyProblem(key) === undefined);
  const [key] = keys;
  if (key === undefined) return { kind: "invalid", problem: `the key "${first}" ${keyProblem(first)}` };
  return { kind: "photo", key, keys, paths: relative ?? [], ...parseOverrides(query) };
}

// --- keys ---

/** `https://images.example/?img=worms.jpg`, on the endpoint or on a prefix that once was one. */
function proxiedKey(
  path: string,
  query: string,
  site: Pick<SiteParams, "endpoint" | "sources">,
): string | undefined {
  const img = readParameter(query, "img");
  if (img === undefined) return undefined;
  const bases = [{ prefix: site.endpoint, key: "" }, ...site.sources];
  const base = bases.find(({ prefix }) => prefix !== "" && trimSlashes(prefix) === trimSlashes(path));
  return base === undefined ? undefined : base.key + img;
}

function sourceKey(path: string, site: Pick<SiteParams, "sources">): string | undefined {
  const source = site.sources.find(({ prefix }) => path.startsWith(prefix) && path !== prefix);
  return source && source.key + decodeOnce(path.slice(source.prefix.length));
}

/** As written and, where that is elsewhere, beside the page. */
function relativePaths(
  path: string,
  site: Pick<SiteParams, "resolve">,
  pageFolder: string,
): readonly string[] | undefined {
  if (path === "" || path.startsWith("//") || /^[a-z][a-z0-9+.-]*:/i.test(path)) return undefined;
  const decoded = decodeOnce(path);
  const written = removeDotSegments(decoded.replace(/^\/+/, ""));
  if (site.resolve !== "page" || decoded.startsWith("/")) return [written];
  const beside = removeDotSegments(`${pageFolder}${decoded}`.replace(/^\/+/, ""));
  return beside === written ? [written] : [written, beside];
}

/**
 * As a browser does it (RFC 3986 §5.2.4): `a/../b` is `b`, and nothing climbs above the root. A doubled slash stays:
 * S3 keys may have one.
 */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  return kept.join("/");
}

// --- overrides ---

function parseOverrides(query: string): Pick<Photo, "quality" | "widest" | "format" | "problems"> {
  const problems: string[] = [];
  const integer = (name: string, most: number): number | undefined => {
    const text = readParameter(query, name);
    if (text === undefined) return undefined;
    if (/^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= most) return Number(text);
    problems.push(`${name}=${text} is ignored: it takes a whole number from 1 to ${most}`);
    return undefined;
  };
  const quality = integer("q", MAX_QUALITY);
  const widest = integer("w", MAX_WIDTH);
  const fm = readParameter(query, "fm");
  const format = askedFormats.find((known) => known === fm);
  if (fm !== undefined && fm !== "auto" && format === undefined)
    problems.push(`fm=${fm} is ignored: it takes auto, avif, webp, jpg or png`);
  return {
    ...(quality !== undefined && { quality }),
    ...(widest !== undefined && { widest }),
    ...(format !== undefined && { format }),
    problems,
  };
}

function splitQuery(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf("?");
  return mark === -1 ? { path: url, query: "" } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** The first value of a parameter, as Go's `url.Values.Get` gives it. */
function readParameter(query: string, name: string): string | undefined {
  const pair = query.split("&").find((pair) => pair === name || pair.startsWith(`${name}=`));
  return pair === undefined ? undefined : queryUnescape(pair.slice(name.length + 1));
}
