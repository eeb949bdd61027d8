import { frontMatterGalleries } from "../front-matter.ts";
import { shortcodeGalleries } from "../gallery.ts";
import type { Found, Readable, Reference, ReferenceRules } from "../reference.ts";
import type { Shortcode } from "./shortcodes.ts";

/** What a shortcode of the module shows. */
export interface ShortcodeImages {
  readonly images: readonly Found[];
  /** Markdown texts with images. */
  readonly captions: readonly string[];
}

/**
 * The images of the module's `figure`, `img` and `gallery`, also called `imgproxy/figure` and so on; captions are Markdown.
 * Shortcodes of the same name from a theme or the site are not read.
 */
export function shortcodeImages(tag: Shortcode, page: Readable, rules: ReferenceRules): ShortcodeImages {
  const name = shownBy(tag, rules);
  if (name === undefined || tag.isHidden) return nothing;
  const { parameters, start: offset } = tag;
  // Its output is raw HTML in Markdown, and goldmark removes it.
  if (tag.isMarkdown && page.markup === "markdown" && !rules.unsafeHtml)
    return { images: [{ destination: tag.name, offset, as: "removed" }], captions: [] };
  if (name === "gallery") return { images: tagGalleries(tag, page, rules), captions: [] };
  const first = parameters.get("src") ?? (name === "img" ? parameters.get("0") : undefined);
  const overrides = name === "img" ? imgOverrides(parameters) : commonOverrides(parameters);
  const alt = shortcodeAlt(parameters, name);
  const narrow = name === "img" ? narrowDestination(parameters, first) : {};
  const shown = [{ destination: first }, narrow].flatMap(({ destination = "", ...rest }): Found[] =>
    destination === "" ? [] : [{ destination, ...rest, offset, as: "image", overrides, ...alt }],
  );
  const words = [parameters.get("caption"), name === "figure" ? parameters.get("attr") : undefined];
  return { images: shown, captions: words.flatMap((text = "") => (text.includes("![") ? [text] : [])) };
}

const nothing: ShortcodeImages = { images: [], captions: [] };

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
export function shownBy({ name: full, closing }: Shortcode, rules: ReferenceRules): OwnShortcode | undefined {
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
