import { galleryArguments } from "../../../contract/page/gallery-arguments.ts";
import type { AskedGallery } from "../../gallery/source.ts";
import { isTree } from "../../site/config/tree.ts";

/**
 * The galleries of a tag: `{{< imgproxy/gallery "trips/alps" >}}`, `{{< imgproxy/gallery src="trips/alps" order="date" >}}`.
 * @param ofPage those of the page's front matter, which a tag shows that names none.
 */
export function shortcodeGalleries(
  parameters: ReadonlyMap<string, string>,
  ofPage: readonly GalleryAndOverrides[],
): GalleryAndOverrides[] {
  const positional = [...parameters].filter(([name]) => /^\d+$/.test(name)).map(([, value]) => value);
  const [only, ...others] = positional;
  const named = others.length > 0 ? { keys: positional } : only !== undefined ? { src: only } : {};
  const all = { ...Object.fromEntries(parameters), ...named };
  const overrides = galleryOverrides(all);
  const gallery = galleryOf(all, false);
  if (gallery !== undefined) return [{ gallery, overrides }];
  // The page would lack it without a word.
  if (ofPage.length === 0) return [{ gallery: { ...howAsked(all), from: [], isCover: false }, overrides }];
  return ofPage.map((one) => ({
    gallery: { ...howAsked(all), ...one.gallery, isCover: false },
    overrides: { ...overrides, ...one.overrides },
  }));
}

export interface GalleryAndOverrides {
  readonly gallery: AskedGallery;
  /** Parameters of `[params.imgproxy]` for its images. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** A gallery of front matter: a folder or a pattern, a list of keys, or a table of a shortcode's arguments. */
export function frontMatterGallery(value: unknown): GalleryAndOverrides | undefined {
  const all = Array.isArray(value) ? { keys: value } : isTree(value) ? value : { src: value };
  const gallery = galleryOf(all, true);
  return gallery && { gallery, overrides: galleryOverrides(all) };
}

function galleryOverrides({
  sizes,
  tiers,
  formats,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const list = Array.isArray(formats) ? formats : textOf(formats).replaceAll(" ", "").split(",");
  return {
    ...(textOf(sizes) !== "" && { sizes: textOf(sizes) }),
    ...(textOf(tiers) !== "" && { tiers: textOf(tiers) }),
    ...(list.join("") !== "" && { formats: list }),
  };
}

function galleryOf(all: Readonly<Record<string, unknown>>, isCover: boolean): AskedGallery | undefined {
  const { src, keys } = all;
  const listed = Array.isArray(keys) ? keys : namesIn(textOf(keys));
  const list = listed.map(textOf).filter((key) => key !== "");
  const from = list.length > 0 ? list : textOf(src);
  return from === "" ? undefined : { ...howAsked(all), from, isCover };
}

/** Names with commas between them. The comma of a focus ends no name: `alps.jpg?focus=10,20, lake.jpg`. */
function namesIn(text: string): string[] {
  return text.replace(/([?&](?:focus|fp)=[0-9.]+%?)\s*,\s*([0-9.]+%?\s*(?:[,&#]|$))/g, "$1%2C$2").split(",");
}

function howAsked(all: Readonly<Record<string, unknown>>): Omit<AskedGallery, "from" | "isCover"> {
  const given = ["order", "limit", "columns", "cover"].map((name) => [name, textOf(all[name])]);
  const others = Object.keys(all).filter((name) => !galleryArguments.includes(name) && !/^\d+$/.test(name));
  return {
    ...Object.fromEntries(given.filter(([, value]) => value !== "")),
    ...(others.length > 0 && { others }),
  };
}

function textOf(value: unknown): string {
  return ["string", "number", "boolean"].includes(typeof value) ? String(value).trim() : "";
}
