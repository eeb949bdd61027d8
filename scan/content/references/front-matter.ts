import { linesOf } from "../../lines.ts";
import { frontMatterGallery, type GalleryAndOverrides } from "./gallery.ts";

/** The parts of a page that are read. */
interface FrontMatter {
  readonly values: Readonly<Record<string, unknown>>;
  /** As written, and the line on which it begins. */
  readonly text: string;
  readonly line: number;
}

/** An image in front matter. */
export interface FrontMatterImage {
  readonly destination: string;
  /** Its name, dots for nesting. */
  readonly name: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** The images under the given names, dots for nesting: a text, or a list of texts, that looks like an image. */
export function frontMatterImages(page: FrontMatter, names: readonly string[]): FrontMatterImage[] {
  const placeOf = placesIn(page);
  return names.flatMap((name) => {
    const value = valueAt(page, name);
    if (value === undefined) return [];
    const values = Array.isArray(value) ? value : [value];
    return values
      .filter((one) => typeof one === "string" && isImage(one))
      .map((destination: string) => ({ destination, name, ...placeOf(destination) }));
  });
}

/** The galleries under the given names. */
export function frontMatterGalleries(
  page: FrontMatter,
  names: readonly string[],
): (FrontMatterImage & GalleryAndOverrides)[] {
  const placeOf = placesIn(page);
  return names.flatMap((name) => {
    const value = valueAt(page, name);
    const found = value === undefined ? undefined : frontMatterGallery(value);
    if (found === undefined) return [];
    const { from } = found.gallery;
    return [
      { ...found, destination: "", name, ...placeOf(typeof from === "string" ? from : (from[0] ?? "")) },
    ];
  });
}

function valueAt({ values }: FrontMatter, name: string): unknown {
  const lower = name.toLowerCase();
  if (!lower.includes(".")) return values[lower];
  return lower.split(".").reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), values);
}

/**
 * Whether a text is the name of an image: a theme's `hero` or `banner` may be a headline or a word such as "wide". The twin of
 * layouts/partials/imgproxy/_/source/front-matter.html.
 */
function isImage(text: string): boolean {
  return (
    /\.(?:jpe?g|png|webp|avif|gif|svg)(?:[?#].*)?$/i.test(text) ||
    /^[^\t\n\f\r ]*(?:\/|\.[a-z0-9]{2,5}(?:[?#]|$))[^\t\n\f\r ]*$/i.test(text)
  );
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Position of a value if it is written without escapes; else the first line of the front matter. */
function placesIn(
  page: Pick<FrontMatter, "text" | "line">,
): (destination: string) => { readonly line: number; readonly column: number } {
  const start = { line: page.line, column: 1 };
  const placeOf = linesOf(page.text, start);
  return (destination) => {
    const at = page.text.indexOf(destination);
    return at === -1 ? start : placeOf(at);
  };
}
