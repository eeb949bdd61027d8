import { askedFormats, type Format } from "../formats.ts";
import { type Focus, isFocus, type Ratio, ratioOf } from "../url/crop.ts";
import { decodeOnce, queryUnescape } from "../url/escape.ts";
import { keyProblem } from "../url/key.ts";
import { MAX_QUALITY, MAX_WIDTH } from "../url/request.ts";
import { trimSlashes } from "../url/url.ts";
import { meantInDestination } from "./param-rules.ts";
import type { SiteParams } from "./params.ts";

/** A photograph in a post, with the settings of its destination. */
export interface Photo {
  readonly kind: "photo";
  /** The assumed key of `keys`: the first, as `parseDestination` does not know which exist. */
  readonly key: string;
  /** The possible keys, in order: the first that exists is used. Several if keys are relative to the page's folder. */
  readonly keys: readonly string[];
  /** Paths below the site's root at which the site could have this image as its own file, in order; none for a URL. */
  readonly paths: readonly string[];
  /** `?q=`: the quality of every tier. */
  readonly quality?: number;
  /** `?w=`: the widest tier. */
  readonly widest?: number;
  /** `?fm=`: the format of every tier. */
  readonly format?: Format;
  /** `?ar=`: crops every tier. */
  readonly ratio?: Ratio;
  /** `?focus=` or `?fp=`: the point that crops keep, also those of a theme's CSS and of link previews. */
  readonly focus?: Focus;
  /** Ignored overrides, each with a message for the author. */
  readonly problems: readonly string[];
}

/** An image that the hook leaves to Hugo: of another host, a `data:` URL, or an empty destination. */
export interface Foreign {
  readonly kind: "foreign";
}

/** A destination for the proxy that is not a possible key. */
export interface InvalidDestination {
  readonly kind: "invalid";
  readonly problem: string;
}

export type Destination = Photo | Foreign | InvalidDestination;

/**
 * The meaning of a Markdown destination on a site.
 * @param destination from a Markdown parser: backslash escapes and entities decoded, percent-escapes not.
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

/** `https://images.example/?img=worms.jpg`, on the endpoint or on a former prefix. */
function proxiedKey(
  path: string,
  query: string,
  site: Pick<SiteParams, "endpoint" | "sources">,
): string | undefined {
  const img = query === "" ? undefined : readParameter(query, "img");
  if (img === undefined) return undefined;
  const bases = [{ prefix: site.endpoint, key: "" }, ...site.sources];
  const base = bases.find(({ prefix }) => prefix !== "" && trimSlashes(prefix) === trimSlashes(path));
  return base === undefined ? undefined : base.key + img;
}

function sourceKey(path: string, site: Pick<SiteParams, "sources">): string | undefined {
  const source = site.sources.find(({ prefix }) => path.startsWith(prefix) && path !== prefix);
  return source && source.key + decodeOnce(path.slice(source.prefix.length));
}

/** As written and, if that differs, in the page's folder. */
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
 * Resolves dots as a browser does (RFC 3986 §5.2.4): `a/../b` is `b`, and nothing leaves the root. A double slash stays, because S3
 * keys can contain one.
 */
export function removeDotSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  return kept.join("/");
}

// --- overrides ---

type Overrides = Pick<Photo, "quality" | "widest" | "format" | "ratio" | "focus" | "problems">;

function parseOverrides(query: string): Overrides {
  if (query === "") return { problems: [] };
  const problems = query.split("&").flatMap((pair) => {
    const [name = ""] = pair.split("=", 1);
    const meant = meantInDestination(name);
    return meant === undefined ? [] : [`${name} is ignored: did you mean ${meant}=?`];
  });
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
    ...parseCrop(query, problems),
    problems,
  };
}

/** The messages are those of crop.html. */
function parseCrop(query: string, problems: string[]): Pick<Photo, "ratio" | "focus"> {
  const ar = readParameter(query, "ar");
  const name = readParameter(query, "fp") === undefined ? "focus" : "fp";
  const focus = readParameter(query, name);
  const ratio = ar === undefined ? undefined : ratioOf(ar);
  if (ar !== undefined && ratio === undefined)
    problems.push(`ar=${ar} is ignored: it takes a ratio from 1:5 to 5:1, such as 16:9`);
  if (focus !== undefined && !isFocus(focus))
    problems.push(`${name}=${focus} is ignored: it takes two whole numbers from 0 to 100, such as 30,70`);
  return { ...(ratio !== undefined && { ratio }), ...(isFocus(focus) && { focus }) };
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
