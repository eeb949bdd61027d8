import { relevantBlocks } from "./references/blocks.ts";
import { frontMatterImages } from "./references/front-matter.ts";
import { endpointUrls, imgTags } from "./references/html.ts";
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

/** What of a content file is read. */
export interface Readable {
  /** The file without its front matter, and where in the file it begins. */
  readonly body: string;
  readonly bodyStart: { readonly line: number; readonly column: number };
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
): Promise<Reference[]> {
  const covers: Reference[] = frontMatterImages(page, rules.frontmatter).map((image) => ({
    ...image,
    as: "cover" as const,
  }));
  const previews = covers.length > 0 ? covers : sitePreview(page, rules);
  return [...previews, ...(await bodyReferences(page, rules, parse))];
}

function sitePreview(page: Readable, { preview }: ReferenceRules): Reference[] {
  return preview === undefined ? [] : [{ destination: preview, line: page.line, column: 1, as: "preview" }];
}

// --- the body ---

interface Found extends Pick<Reference, "destination" | "overrides"> {
  readonly offset: number;
  readonly as: "image" | "url" | "raw" | "unknown";
}

async function bodyReferences(
  page: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): Promise<Reference[]> {
  const { body } = page;
  if (page.markup === "other") return [];
  const shortcodes = body.includes("{{") ? parseShortcodes(body) : [];
  const named = (await Promise.all(shortcodes.map((tag) => shortcodeImages(tag, page, rules, parse)))).flat();
  const found =
    page.markup === "html"
      ? htmlReferences(body, rules)
      : await markdownReferences(body, shortcodes, rules, parse);
  return placed(page, [...named, ...found]);
}

function htmlReferences(body: string, { endpoints }: ReferenceRules): Found[] {
  const urls = endpointUrls(body, endpoints);
  return [
    ...urls.map(({ url, offset }) => ({ destination: url, offset, as: "url" as const })),
    ...imgTags(body).map((offset) => ({ destination: "", offset, as: "raw" as const })),
  ];
}

async function markdownReferences(
  body: string,
  shortcodes: readonly Shortcode[],
  rules: ReferenceRules,
  parse: ParseMarkdown,
): Promise<Found[]> {
  const endpoints = rules.unsafeHtml ? rules.endpoints.filter((endpoint) => body.includes(endpoint)) : [];
  const words = rules.unsafeHtml ? [...endpoints, ...new Set(body.match(/<img(?=[\s/>])/gi))] : [];
  if (!body.includes("![") && words.length === 0) return [];
  const readings =
    shortcodes.length === 0
      ? [wholeReading(body)]
      : shortcodeReadings(body, shortcodes, (tag) => shownBy(tag, rules) !== undefined);
  const found: Found[] = [];
  for (const whole of readings) {
    const { reading, plain } = relevantBlocks(whole, words);
    const parsed = reading.text === "" ? [] : await parse(reading.text, endpoints);
    found.push(
      ...plain.map((image) => ({ ...image, as: "image" as const })),
      ...parsed.map((image) => ({ ...image, offset: reading.fileOffset(image.offset) })),
    );
  }
  return found
    .filter(({ as }) => as !== "raw" || rules.unsafeHtml)
    .map((one) =>
      hasShortcode(one.destination) ? { ...one, destination: "", as: "unknown" as const } : one,
    );
}

/**
 * What the module's `figure` and `img` show, which are also `imgproxy/figure` and `imgproxy/img`; captions are Markdown.
 * What a theme's or a site's own of the same names show is theirs.
 */
async function shortcodeImages(
  tag: Shortcode,
  { markup }: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
): Promise<Found[]> {
  const name = shownBy(tag, rules);
  if (name === undefined || tag.isHidden) return [];
  // What it prints is raw HTML in Markdown then, and goldmark leaves that out.
  if (tag.isMarkdown && markup === "markdown" && !rules.unsafeHtml) return [];
  const { parameters, start: offset } = tag;
  const first = parameters.get("src") ?? (name === "img" ? parameters.get("0") : undefined);
  const overrides = name === "img" ? imgOverrides(parameters) : {};
  const shown = [first, name === "img" ? parameters.get("narrow") : undefined]
    .filter((destination) => destination !== undefined && destination !== "")
    .map((destination = ""): Found => ({ destination, offset, as: "image", overrides }));
  const words = [parameters.get("caption"), name === "figure" ? parameters.get("attr") : undefined];
  const captions = words.filter((text) => text?.includes("![")).map((text = "") => parse(text, []));
  const inCaptions = (await Promise.all(captions)).flat();
  return [...shown, ...inCaptions.map((image): Found => ({ ...image, offset }))];
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
function placed(page: Readable, found: readonly Found[]): Reference[] {
  const byPlace = new Map(found.map((one) => [`${one.offset} ${one.as} ${one.destination}`, one]));
  const lines = lineCounter(page.body, page.bodyStart);
  return [...byPlace.values()]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, ...found }) => ({ ...found, ...lines(offset) }));
}

/** Lines and columns of rising offsets in a text that begins somewhere in a file. */
function lineCounter(text: string, start: Readable["bodyStart"]): (offset: number) => Readable["bodyStart"] {
  const ends = /\r\n|\r|\n/g;
  let { line } = start;
  let lineStart = 1 - start.column;
  let next = ends.exec(text);
  return (offset) => {
    while (next !== null && next.index < offset) {
      line++;
      lineStart = next.index + next[0].length;
      next = ends.exec(text);
    }
    return { line, column: offset - lineStart + 1 };
  };
}
