import type { AskedGallery } from "../gallery/source.ts";
import { type LineAndColumn, linesOf } from "../lines.ts";
import { relevantBlocks } from "./references/blocks.ts";
import { frontMatterGalleries, frontMatterImages } from "./references/front-matter.ts";
import { shortcodeGalleries } from "./references/gallery.ts";
import { endpointUrls, imgTags } from "./references/html.ts";
import { TooCostly } from "./references/limits.ts";
import type { ParseMarkdown } from "./references/memo.ts";
import { wholeReading } from "./references/reading.ts";
import { hasShortcode, parseShortcodes, type Shortcode, shortcodeReadings } from "./references/shortcodes.ts";

/** A place in a content file that names an image. */
export interface Reference {
  /** As a Markdown parser returns it: backslash escapes and entities decoded, percent-escapes not. */
  readonly destination: string;
  /** Both from 1; a column counts UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  /**
   * `image`: becomes a `srcset`. `cover`: from front matter, for cards and link previews. `preview`: only for link previews.
   * `url`: a URL of the endpoint that is printed as written. `raw`: an `<img>` in raw HTML, for which Hugo has no hook.
   * `unknown`: an image with a shortcode in its destination. `gallery`: several images, by their names or a folder.
   */
  readonly as: "image" | "cover" | "preview" | "url" | "raw" | "spaced" | "unknown" | "gallery";
  /** Of a `gallery`. */
  readonly gallery?: AskedGallery;
  /** What an `image` says to those who cannot see it; undefined if its author decided that it is decorative. */
  readonly alt?: string;
  /** Whether it is made of another destination of its tag, and is not in the text. */
  readonly isDerived?: boolean;
  /** Of a `cover`: its name in front matter, dots for nesting. */
  readonly name?: string;
  /** Parameters of `[params.imgproxy]` that a shortcode sets for its image. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** The images in a content file. */
export interface References {
  readonly references: readonly Reference[];
  /** Why part of its text is not read: the limit that it exceeds, and where. */
  readonly problem?: LineAndColumn & { readonly message: string };
}

/** The parts of a content file that are read. */
export interface Readable {
  /** The file without its front matter, and the position where it begins. */
  readonly body: string;
  readonly bodyStart: LineAndColumn;
  readonly values: Readonly<Record<string, unknown>>;
  /** The front matter as written, and the line on which it begins. */
  readonly text: string;
  readonly line: number;
  readonly markup: "markdown" | "html" | "other";
}

export interface ReferenceRules {
  /** Names of front matter with images; dots for nesting. */
  readonly frontmatter: readonly string[];
  /** Names of front matter with galleries. */
  readonly gallery: readonly string[];
  /** The image in link previews if the front matter names none. */
  readonly preview: string | undefined;
  /** URLs that begin with one of these are the proxy's; raw HTML is searched for them. */
  readonly endpoints: readonly string[];
  /** Whether Hugo prints raw HTML in Markdown. */
  readonly unsafeHtml: boolean;
  /** Whether Hugo runs the module's shortcode of that name on this page, and not a theme's. */
  runsShortcode(name: string): boolean;
}

/**
 * Every image in a content file, in order. Markdown is read twice, as written and without its shortcode tags, because a tag
 * can join or separate lines. An image that either reading finds counts.
 */
export async function references(
  page: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): Promise<References> {
  const covers: Reference[] = frontMatterImages(page, rules.frontmatter).map((image) => ({
    ...image,
    as: "cover" as const,
  }));
  const previews = [
    ...(covers.length > 0 ? covers : sitePreview(page, rules)),
    ...frontMatterGalleries(page, rules.gallery).map((one) => ({ ...one, as: "gallery" as const })),
  ];
  const found: Found[] = [];
  const placeOf = linesOf(page.body, page.bodyStart);
  try {
    for await (const one of bodyReferences(page, rules, parse)) found.push(one);
  } catch (error) {
    if (!(error instanceof TooCostly)) throw error;
    // The images that were found before are still valid.
    return {
      references: [...previews, ...placed(found, placeOf)],
      problem: { message: error.message, ...placeOf(error.offset) },
    };
  }
  return { references: [...previews, ...placed(found, placeOf)] };
}

function sitePreview(page: Readable, { preview }: ReferenceRules): Reference[] {
  return preview === undefined ? [] : [{ destination: preview, line: page.line, column: 1, as: "preview" }];
}

// --- the body ---

interface Found extends Pick<Reference, "destination" | "isDerived" | "overrides" | "alt" | "gallery"> {
  readonly offset: number;
  readonly as: "image" | "url" | "raw" | "spaced" | "unknown" | "gallery";
}

async function* bodyReferences(
  page: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): AsyncGenerator<Found> {
  const { body, markup } = page;
  if (markup === "other") return;
  const shortcodes = body.includes("{{") ? parseShortcodes(body) : [];
  for (const tag of shortcodes) yield* shortcodeImages(tag, page, rules, parse);
  if (markup === "html") yield* htmlReferences(body, rules);
  else yield* markdownReferences(body, shortcodes, rules, parse);
}

function htmlReferences(body: string, { endpoints }: ReferenceRules): Found[] {
  const urls = endpointUrls(body, endpoints);
  return [
    ...urls.map(({ url, offset }) => ({ destination: url, offset, as: "url" as const })),
    ...imgTags(body).map((offset) => ({ destination: "", offset, as: "raw" as const })),
  ];
}

async function* markdownReferences(
  body: string,
  shortcodes: readonly Shortcode[],
  rules: ReferenceRules,
  parse: ParseMarkdown,
): AsyncGenerator<Found> {
  const endpoints = rules.unsafeHtml ? rules.endpoints.filter((endpoint) => body.includes(endpoint)) : [];
  const words = rules.unsafeHtml ? [...endpoints, ...new Set(body.match(/<img(?=[\s/>])/gi))] : [];
  if (!body.includes("![") && words.length === 0) return;
  const wholes =
    shortcodes.length === 0
      ? [wholeReading(body)]
      : shortcodeReadings(body, shortcodes, (tag) => shownBy(tag, rules) !== undefined);
  for (const whole of wholes) {
    const { readings, plain } = relevantBlocks(whole, words);
    for (const image of plain) yield known({ ...image, as: "image" });
    for (const { text, fileOffset } of readings) {
      const images = await parseAt(text, fileOffset, endpoints, parse);
      for (const image of images) if (image.as !== "raw" || rules.unsafeHtml) yield known(image);
    }
  }
}

/** @throws TooCostly with the offset in the file. */
async function parseAt(
  text: string,
  fileOffset: (offset: number) => number,
  endpoints: readonly string[],
  parse: ParseMarkdown,
): Promise<Found[]> {
  try {
    const images = await parse(text, endpoints);
    return images.map((image) => ({ ...image, offset: fileOffset(image.offset) }));
  } catch (error) {
    throw error instanceof TooCostly ? new TooCostly(error.message, fileOffset(error.offset)) : error;
  }
}

function known(image: Found): Found {
  return hasShortcode(image.destination) ? { ...image, destination: "", as: "unknown" } : image;
}

/**
 * The images of the module's `figure`, `img` and `gallery`, also called `imgproxy/figure` and so on; captions are Markdown.
 * Shortcodes of the same name from a theme or the site are not read.
 */
async function* shortcodeImages(
  tag: Shortcode,
  page: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): AsyncGenerator<Found> {
  const name = shownBy(tag, rules);
  if (name === undefined || tag.isHidden) return;
  // Its output is raw HTML in Markdown, and goldmark removes it.
  if (tag.isMarkdown && page.markup === "markdown" && !rules.unsafeHtml) return;
  const { parameters, start: offset } = tag;
  if (name === "gallery") {
    yield* tagGalleries(tag, page, rules);
    return;
  }
  const first = parameters.get("src") ?? (name === "img" ? parameters.get("0") : undefined);
  const overrides = name === "img" ? imgOverrides(parameters) : commonOverrides(parameters);
  const alt = shortcodeAlt(parameters, name);
  const narrow = name === "img" ? narrowDestination(parameters, first) : {};
  const shown = [{ destination: first }, narrow].flatMap(({ destination = "", ...rest }): Found[] =>
    destination === "" ? [] : [{ destination, ...rest, offset, as: "image", overrides, ...alt }],
  );
  const words = [parameters.get("caption"), name === "figure" ? parameters.get("attr") : undefined];
  yield* shown;
  for (const text of words) if (text?.includes("![")) yield* await parseAt(text, () => offset, [], parse);
}

/** The galleries that a tag names, or those of its page's front matter. */
function tagGalleries(
  { parameters, start: offset }: Shortcode,
  page: Readable,
  rules: ReferenceRules,
): Found[] {
  const galleries = shortcodeGalleries(parameters, frontMatterGalleries(page, rules.gallery));
  return galleries.map((one) => ({
    ...one,
    destination: JSON.stringify(one.gallery),
    offset,
    as: "gallery",
  }));
}

/** What `img` shows in narrow windows; `crop` is a crop of the same photograph. The same as in layouts/shortcodes/img.html. */
function narrowDestination(
  parameters: ReadonlyMap<string, string>,
  src = "",
): Partial<Pick<Reference, "destination" | "isDerived">> {
  const narrow = parameters.get("narrow");
  if (narrow !== "crop") return narrow === undefined ? {} : { destination: narrow };
  const ratio = parameters.get("narrow-ar") || "4:5";
  const destination = src.replace(/^([^?#]*)\??/, (_, path: string) => `${path}?ar=${ratio}&`);
  return { destination, isDerived: true };
}

/** The module's shortcode that a tag runs, if any. Themes have a `gallery` of their own, so the module's has one name only. */
function shownBy({ name: full, closing }: Shortcode, rules: ReferenceRules): OwnShortcode | undefined {
  const own = ownShortcodes.get(full);
  return closing || own === undefined || !rules.runsShortcode(full) ? undefined : own;
}

type OwnShortcode = "figure" | "img" | "gallery";

const ownShortcodes: ReadonlyMap<string, OwnShortcode> = new Map([
  ["figure", "figure"],
  ["imgproxy/figure", "figure"],
  ["img", "img"],
  ["imgproxy/img", "img"],
  ["imgproxy/gallery", "gallery"],
]);

/** The parameters of `img` that change its URLs, or which of them a browser chooses. */
function imgOverrides(parameters: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const [tiers, fixed, formats] = ["tiers", "fixed", "formats"].map(
    (name) => parameters.get(name) || undefined,
  );
  return {
    ...(tiers !== undefined && { tiers }),
    ...(fixed !== undefined && { fixed }),
    ...commonOverrides(parameters),
    ...(formats !== undefined && { formats: formats.replaceAll(" ", "").split(",") }),
  };
}

/** The parameters of both shortcodes. */
function commonOverrides(parameters: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const given = ["sizes", "captions", "exif"].map((name) => [name, parameters.get(name) ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** A caption describes the photograph too, and `alt=""` is a decision. */
function shortcodeAlt(
  parameters: ReadonlyMap<string, string>,
  name: "figure" | "img",
): { readonly alt?: string } {
  const alt = parameters.get("alt") ?? (name === "img" ? parameters.get("1") : undefined);
  if (alt === "") return {};
  return { alt: alt ?? parameters.get("caption") ?? "" };
}

/** Each image once, with line and column. */
function placed(found: readonly Found[], placeOf: (offset: number) => LineAndColumn): Reference[] {
  const byPlace = new Map(found.map((one) => [`${one.offset} ${one.as} ${one.destination}`, one]));
  return [...byPlace.values()]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, ...found }) => ({ ...found, ...placeOf(offset) }));
}
