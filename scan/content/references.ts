import { type LineAndColumn, linesOf } from "../lines.ts";
import { relevantBlocks } from "./references/blocks.ts";
import { frontMatterImages } from "./references/front-matter.ts";
import { endpointUrls, imgTags } from "./references/html.ts";
import { TooCostly } from "./references/limits.ts";
import type { ParseMarkdown } from "./references/memo.ts";
import { wholeReading } from "./references/reading.ts";
import { hasShortcode, parseShortcodes, type Shortcode, shortcodeReadings } from "./references/shortcodes.ts";

/** One place in a content file that names an image. */
export interface Reference {
  /** As a Markdown parser gives it: backslash escapes and entities decoded, percent-escapes not. */
  readonly destination: string;
  /** Both from 1; a column counts UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  /**
   * `image`: becomes a `srcset`. `cover`: front matter, for cards and link previews. `preview`: for link previews alone.
   * `url`: an endpoint URL that reaches the page as it is written. `raw`: an `<img>` of raw HTML, which Hugo gives to no hook.
   * `unknown`: an image with a shortcode in its destination.
   */
  readonly as: "image" | "cover" | "preview" | "url" | "raw" | "unknown";
  /** Parameters of `[params.imgproxy]` that a shortcode sets for its image. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** What a content file names. */
export interface References {
  readonly references: readonly Reference[];
  /** Why some of its text is not read: a limit that it is over, and where. */
  readonly problem?: LineAndColumn & { readonly message: string };
}

/** What of a content file is read. */
export interface Readable {
  /** The file without its front matter, and where in the file it begins. */
  readonly body: string;
  readonly bodyStart: LineAndColumn;
  readonly values: Readonly<Record<string, unknown>>;
  /** The front matter as written, and the line it begins on. */
  readonly text: string;
  readonly line: number;
  readonly markup: "markdown" | "html" | "other";
}

export interface ReferenceRules {
  /** Front matter that names images, dots for nesting. */
  readonly frontmatter: readonly string[];
  /** What link previews show where the front matter names nothing. */
  readonly preview: string | undefined;
  /** URLs that begin with one of these are the proxy's; raw HTML is searched for them. */
  readonly endpoints: readonly string[];
  /** Whether raw HTML in Markdown reaches the page. */
  readonly unsafeHtml: boolean;
  /** Whether the module's shortcode of that name is the one that Hugo runs on this page. */
  runsShortcode(name: string): boolean;
}

/**
 * Every image that a content file names, in its order. Markdown is read as it is written and again without its
 * shortcode tags, because a tag may glue lines together or hold them apart: nothing that any reading sees is missed.
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
  const previews = covers.length > 0 ? covers : sitePreview(page, rules);
  const found: Found[] = [];
  const placeOf = linesOf(page.body, page.bodyStart);
  try {
    for await (const one of bodyReferences(page, rules, parse)) found.push(one);
  } catch (error) {
    if (!(error instanceof TooCostly)) throw error;
    // What was found before is no less true.
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

interface Found extends Pick<Reference, "destination" | "overrides"> {
  readonly offset: number;
  readonly as: "image" | "url" | "raw" | "unknown";
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
 * What the module's `figure` and `img` show, which are also `imgproxy/figure` and `imgproxy/img`; captions are Markdown.
 * What a theme's or a site's own of the same names show is theirs.
 */
async function* shortcodeImages(
  tag: Shortcode,
  { markup }: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): AsyncGenerator<Found> {
  const name = shownBy(tag, rules);
  if (name === undefined || tag.isHidden) return;
  // What it prints is raw HTML in Markdown then, and goldmark leaves that out.
  if (tag.isMarkdown && markup === "markdown" && !rules.unsafeHtml) return;
  const { parameters, start: offset } = tag;
  const first = parameters.get("src") ?? (name === "img" ? parameters.get("0") : undefined);
  const overrides = name === "img" ? imgOverrides(parameters) : {};
  const shown = [first, name === "img" ? parameters.get("narrow") : undefined]
    .filter((destination) => destination !== undefined && destination !== "")
    .map((destination = ""): Found => ({ destination, offset, as: "image", overrides }));
  const words = [parameters.get("caption"), name === "figure" ? parameters.get("attr") : undefined];
  yield* shown;
  for (const text of words) if (text?.includes("![")) yield* await parseAt(text, () => offset, [], parse);
}

/** Which of the module's a tag runs, if one. */
function shownBy({ name: full, closing }: Shortcode, rules: ReferenceRules): "figure" | "img" | undefined {
  const name = full.replace(/^imgproxy\//, "");
  if (closing || (name !== "figure" && name !== "img") || !rules.runsShortcode(full)) return undefined;
  return name;
}

/** What of `img`'s parameters decides its URLs. */
function imgOverrides(parameters: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const [tiers, fixed, formats] = ["tiers", "fixed", "formats"].map(
    (name) => parameters.get(name) || undefined,
  );
  return {
    ...(tiers !== undefined && { tiers }),
    ...(fixed !== undefined && { fixed }),
    ...(formats !== undefined && { formats: formats.replaceAll(" ", "").split(",") }),
  };
}

/** Each once, with its line and column. */
function placed(found: readonly Found[], placeOf: (offset: number) => LineAndColumn): Reference[] {
  const byPlace = new Map(found.map((one) => [`${one.offset} ${one.as} ${one.destination}`, one]));
  return [...byPlace.values()]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, ...found }) => ({ ...found, ...placeOf(offset) }));
}
