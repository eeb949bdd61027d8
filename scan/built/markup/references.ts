import { cssUrls } from "./css-urls.ts";
import { jsonStrings } from "./json-strings.ts";
import { type Region, regionPart } from "./region.ts";
import { parseSrcset } from "./srcset.ts";
import { type Attribute, readMarkup, type Tag } from "./tags.ts";

/** An image that a built file names. */
export interface Reference {
  /** The URL with escapes resolved. */
  readonly url: string;
  /** Offset in the file. */
  readonly offset: number;
  /** For people: `<img src>`, `og:image`, `url()`. */
  readonly what: string;
  readonly shows: Shows;
  /** The range of the URL in the file, and how to escape a URL there. */
  readonly replaces: { readonly start: number; readonly end: number; escape(url: string): string };
  /** The attribute that names it, if any. */
  readonly tag?: Tag;
  readonly attribute?: Attribute;
  /** Of a `srcset`. */
  readonly descriptor?: string;
  /** Of a feed: the address to which its URLs can be relative. */
  readonly item?: { readonly link?: string | undefined };
}

/** How an image is used: this decides which variant can replace it. */
export type Shows = "picture" | "preview" | "background" | "icon" | "link";

/** Facts about a page, in addition to its images. */
export interface PageFacts {
  /** `<base href>`, if there is one. */
  readonly base: string | undefined;
  readonly references: readonly Reference[];
  /** Files that have an `integrity` attribute, as written. */
  readonly underIntegrity: readonly string[];
  /** Whether a Content-Security-Policy of the page has hashes. */
  readonly hasHashes: boolean;
}

/** The images of HTML: of a page, or of a feed's entry. */
export function htmlReferences(region: Region): PageFacts {
  const references: Reference[] = [];
  const underIntegrity: string[] = [];
  let base: string | undefined;
  let hasHashes = false;
  readMarkup(region, "html", {
    onTag(tag) {
      if (tag.within.includes("template")) return;
      const value = (name: string) => tag.attributes.get(name)?.value.text;
      if (tag.name === "base") base ??= value("href");
      if ((value("integrity") ?? "") !== "") underIntegrity.push(value("href") ?? value("src") ?? "");
      if (tag.name === "meta" && /^content-security-policy$/i.test(value("http-equiv") ?? ""))
        hasHashes ||= hasHash(value("content") ?? "");
      references.push(...tagReferences(tag));
    },
    onText(text, open) {
      const tag = open.at(-1);
      if (tag === undefined || tag.within.includes("template")) return;
      if (tag.name === "style") references.push(...cssReferences(text, "url()"));
      const type = tag.attributes.get("type")?.value.text.trim() ?? "";
      if (tag.name === "script" && /^application\/ld\+json$/i.test(type))
        references.push(...linkedDataReferences(text));
    },
  });
  return { base, references, underIntegrity, hasHashes };
}

/** Whether a Content-Security-Policy contains hashes. */
export function hasHash(policy: string): boolean {
  return /'sha(?:256|384|512)-/i.test(policy);
}

/** The images of CSS. */
export function cssReferences(region: Region, what: string, of: Partial<Reference> = {}): Reference[] {
  return cssUrls(region.text).map(({ url, start, end }) => ({
    ...of,
    url,
    offset: region.at(start),
    what,
    shows: "background",
    replaces: { start: region.at(start), end: region.at(end), escape: (inner) => region.escape(inner) },
  }));
}

/** A whole text that is one URL. */
export function textReference(region: Region, what: string, shows: Shows): Reference {
  const { length } = region.text;
  const replaces = { start: region.at(0), end: region.at(length), escape: region.escape };
  return { url: region.text, offset: region.at(0), what, shows, replaces };
}

/** The images in one tag of HTML. */
export function tagReferences(tag: Tag): Reference[] {
  const found: Reference[] = [];
  for (const attribute of tag.attributes.values()) {
    const { name, value } = attribute;
    if (name === "style") found.push(...cssReferences(value, "style", { tag, attribute }));
    else if (isSrcset(tag, name)) found.push(...srcsetReferences(tag, attribute));
    else {
      const named = urlAttribute(tag, name);
      if (named !== undefined) found.push(attributeReference(tag, attribute, named.what, named.shows));
    }
  }
  return found;
}

export function attributeReference(tag: Tag, attribute: Attribute, what: string, shows: Shows): Reference {
  const { value, valueStart: start, valueEnd: end, quote } = attribute;
  const mark = quote === "" ? tag.escape('"') : "";
  const quoted = (url: string) => `${mark}${value.escape(url)}${mark}`;
  const replaces = { start, end, escape: quoted };
  return { url: value.text, offset: start, what, shows, replaces, tag, attribute };
}

// --- HTML ---

/** Scripts make a `srcset` of `<img data-srcset>`. */
function isSrcset({ name: tag }: Tag, name: string): boolean {
  if (tag === "link") return name === "imagesrcset";
  return (tag === "img" || tag === "source") && /^(?:data-(?:lazy-)?)?srcset$/.test(name);
}

function srcsetReferences(tag: Tag, attribute: Attribute): Reference[] {
  const { value, name } = attribute;
  return parseSrcset(value.text).map(({ url, descriptor, start }) => {
    const part = regionPart(value, start, start + url.length);
    return { ...textReference(part, `<${tag.name} ${name}>`, "picture"), tag, attribute, descriptor };
  });
}

/** The image in an attribute with one URL, if it is one. */
function urlAttribute(tag: Tag, name: string): { readonly what: string; readonly shows: Shows } | undefined {
  const as = (shows: Shows) => ({ what: `<${tag.name} ${name}>`, shows });
  switch (tag.name) {
    case "img":
      return /^(?:data-(?:lazy-)?)?src$/.test(name) ? as("picture") : undefined;
    case "source":
    case "audio":
    case "track":
      return name === "src" ? as("link") : undefined;
    case "video":
      return name === "poster" ? as("preview") : name === "src" ? as("link") : undefined;
    case "input":
      return name === "src" && hasWord(tag, "type", "image") ? as("background") : undefined;
    case "image":
      return name === "href" || name === "xlink:href" ? as("background") : undefined;
    case "link":
      return name === "href" ? linkReference(tag) : undefined;
    case "meta":
      return name === "content" ? metaReference(tag) : undefined;
    case "a":
      return name === "href" && isPicture(tag.attributes.get(name)?.value.text ?? "")
        ? as("link")
        : undefined;
    default:
      return name === "background" && /^(?:body|table|td|th)$/.test(tag.name) ? as("background") : undefined;
  }
}

function linkReference(tag: Tag): { readonly what: string; readonly shows: Shows } | undefined {
  const is = (word: string) => hasWord(tag, "rel", word);
  if ((is("preload") || is("prefetch")) && hasWord(tag, "as", "image"))
    return { what: "<link rel=preload>", shows: "picture" };
  if (is("icon") || is("apple-touch-icon") || is("apple-touch-icon-precomposed") || is("mask-icon"))
    return { what: "<link rel=icon>", shows: "icon" };
  if (is("image_src")) return { what: "<link rel=image_src>", shows: "preview" };
  return hasWord(tag, "itemprop", "image") ? { what: "<link itemprop=image>", shows: "preview" } : undefined;
}

const PREVIEWS =
  /^(?:og:image(?::(?:url|secure_url))?|twitter:image(?::src)?|image|thumbnail(?:url)?|msapplication-(?:tileimage|square\d+x\d+logo|wide\d+x\d+logo))$/i;

function metaReference(tag: Tag): { readonly what: string; readonly shows: Shows } | undefined {
  const names = ["property", "name", "itemprop"].map((name) => tag.attributes.get(name)?.value.text.trim());
  const name = names.find((one) => one !== undefined && PREVIEWS.test(one));
  if (name === undefined) return undefined;
  return { what: name, shows: name.toLowerCase().startsWith("msapplication") ? "icon" : "preview" };
}

function hasWord({ attributes }: Tag, name: string, word: string): boolean {
  const words = attributes.get(name)?.value.text.toLowerCase().split(/\s+/) ?? [];
  return words.includes(word);
}

/** Whether a link leads to an image rather than to a page. */
function isPicture(url: string): boolean {
  return /\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#]|$)/i.test(url.trim());
}

// --- linked data ---

const PICTURES: ReadonlySet<string> = new Set([
  ...["image", "logo", "thumbnail", "thumbnailurl", "primaryimageofpage", "photo", "screenshot"],
]);

/** Images in schema.org data: alone, in a list, or the `url` of an ImageObject. */
function linkedDataReferences(region: Region): Reference[] {
  return jsonStrings(region)
    .filter(({ path }) => {
      const [key = "", outer = ""] = path
        .filter((part) => !/^\d+$/.test(part))
        .map((part) => part.toLowerCase())
        .reverse();
      return PICTURES.has(key) || key === "contenturl" || (key === "url" && PICTURES.has(outer));
    })
    .map(({ value }) => textReference(value, "JSON-LD", "preview"));
}
