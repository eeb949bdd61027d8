import { type LineAndColumn, linesOf } from "../lines.ts";
import { relevantBlocks } from "./references/blocks.ts";
import { frontMatterGalleries, frontMatterImages } from "./references/front-matter.ts";
import { endpointUrls, imgTags } from "./references/html.ts";
import { TooCostly } from "./references/limits.ts";
import type { ParseMarkdown } from "./references/memo.ts";
import { wholeReading } from "./references/reading.ts";

import type { Found, Readable, Reference, ReferenceRules } from "./references/reference.ts";
import { shortcodeImages, shownBy } from "./references/shortcodes/shortcode-images.ts";
import {
  hasShortcode,
  parseShortcodes,
  type Shortcode,
  shortcodeReadings,
} from "./references/shortcodes/shortcodes.ts";

/** The images in a content file. */
export interface References {
  readonly references: readonly Reference[];
  /** Why part of its text is not read: the limit that it exceeds, and where. */
  readonly problem?: LineAndColumn & { readonly message: string };
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
    await readBody(page, rules, parse, found);
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

/** @param found gets the images, also those before an error. */
async function readBody(
  page: Readable,
  rules: ReferenceRules,
  parse: ParseMarkdown,
  found: Found[],
): Promise<void> {
  const { body, markup } = page;
  if (markup === "other") return;
  const shortcodes = body.includes("{{") ? parseShortcodes(body) : [];
  for (const tag of shortcodes) {
    const { images, captions } = shortcodeImages(tag, page, rules);
    found.push(...images);
    for (const text of captions) found.push(...(await parseAt(text, () => tag.start, [], parse)));
  }
  if (markup === "html") found.push(...htmlReferences(body, rules));
  else await readMarkdown(body, shortcodes, rules, parse, found);
}

function htmlReferences(body: string, { endpoints }: ReferenceRules): Found[] {
  const urls = endpointUrls(body, endpoints);
  return [
    ...urls.map(({ url, offset }) => ({ destination: url, offset, as: "url" as const })),
    ...imgTags(body).map((offset) => ({ destination: "", offset, as: "raw" as const })),
  ];
}

async function readMarkdown(
  body: string,
  shortcodes: readonly Shortcode[],
  rules: ReferenceRules,
  parse: ParseMarkdown,
  found: Found[],
): Promise<void> {
  const endpoints = rules.unsafeHtml ? rules.endpoints.filter((endpoint) => body.includes(endpoint)) : [];
  const words = rules.unsafeHtml ? [...endpoints, ...new Set(body.match(/<img(?=[\s/>])/gi))] : [];
  if (!body.includes("![") && words.length === 0) return;
  const wholes =
    shortcodes.length === 0
      ? [wholeReading(body)]
      : shortcodeReadings(body, shortcodes, (tag) => shownBy(tag, rules) !== undefined);
  for (const whole of wholes) {
    const { readings, plain } = relevantBlocks(whole, words);
    for (const image of plain) found.push(known({ ...image, as: "image" }));
    for (const { text, fileOffset } of readings) {
      const images = await parseAt(text, fileOffset, endpoints, parse);
      for (const image of images) if (image.as !== "raw" || rules.unsafeHtml) found.push(known(image));
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

/** Each image once, with line and column. */
function placed(found: readonly Found[], placeOf: (offset: number) => LineAndColumn): Reference[] {
  const byPlace = new Map(found.map((one) => [`${one.offset} ${one.as} ${one.destination}`, one]));
  return [...byPlace.values()]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, ...found }) => ({ ...found, ...placeOf(offset) }));
}
