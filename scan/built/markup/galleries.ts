import { InvalidRequest, parseQuery } from "../../../contract/url/request.ts";
import { endpointUrls } from "../../content/references/html.ts";
import { wholeRegion } from "./region.ts";
import { readMarkup, type Tag } from "./tags.ts";

/** A gallery of a built page. */
export interface BuiltGallery {
  /** Of the manifest's list. */
  readonly name: string;
  /** Maximum number of photographs that it shows. */
  readonly limit?: number;
  /** Its photographs in order, each once: a lightbox has every one a second time. */
  readonly keys: readonly string[];
  /** Addresses of other images in it. */
  readonly others: readonly string[];
  /** Of its tag, in the file. */
  readonly offset: number;
}

/** An element whose content is read, and the number of open elements of its name. */
interface Open {
  readonly name: string;
  depth: number;
}

interface Reading {
  readonly of: Pick<BuiltGallery, "name" | "limit" | "offset">;
  readonly keys: Set<string>;
  readonly others: Set<string>;
}

/**
 * The galleries of a page: the elements that the module's shortcode marks with `data-imgproxy-gallery`. What is in an element with
 * `data-imgproxy-cover` is another picture of one of its photographs.
 */
export function builtGalleries(html: string, endpoints: readonly string[]): BuiltGallery[] {
  if (!html.includes(MARK)) return [];
  const found: Reading[] = [];
  let gallery: (Open & Reading) | undefined;
  let cover: Open | undefined;
  readMarkup(wholeRegion(html), "html", {
    onTag(tag) {
      if (tag.within.includes("template")) return;
      for (const open of [gallery, cover]) if (open?.name === tag.name) open.depth++;
      const name = textOf(tag, MARK);
      if (gallery === undefined && name !== undefined) {
        const limit = Number(textOf(tag, "data-imgproxy-limit") ?? 0);
        const of = { name, offset: tag.start, ...(limit > 0 && { limit }) };
        gallery = { name: tag.name, depth: 1, of, keys: new Set(), others: new Set() };
        found.push(gallery);
      } else if (gallery !== undefined && tag.attributes.has("data-imgproxy-cover"))
        cover ??= { name: tag.name, depth: 1 };
      else if (gallery !== undefined && cover === undefined && tag.name === "img")
        addImage(gallery, textOf(tag, "src") ?? "", endpoints);
    },
    onClose(name) {
      if (cover?.name === name && --cover.depth === 0) cover = undefined;
      if (gallery?.name === name && --gallery.depth === 0) gallery = undefined;
    },
  });
  return found.map(({ of, keys, others }) => ({ ...of, keys: [...keys], others: [...others] }));
}

const MARK = "data-imgproxy-gallery";

function textOf({ attributes }: Tag, name: string): string | undefined {
  return attributes.get(name)?.value.text;
}

function addImage({ keys, others }: Reading, src: string, endpoints: readonly string[]): void {
  const key = keyOf(src, endpoints);
  if (key !== undefined) keys.add(key);
  else if (src !== "" && !src.startsWith("data:")) others.add(src);
}

function keyOf(src: string, endpoints: readonly string[]): string | undefined {
  const [found] = endpointUrls(src, endpoints);
  if (found === undefined) return undefined;
  try {
    return parseQuery(found.url.slice(found.url.indexOf("?") + 1)).key;
  } catch (error) {
    if (error instanceof InvalidRequest) return undefined;
    throw error;
  }
}
