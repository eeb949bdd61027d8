import { linesOf } from "../../lines.ts";

/** An image in front matter. */
export interface FrontMatterImage {
  readonly destination: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** The images under the given names, dots for nesting: a text, or a list of texts, that looks like an image. */
export function frontMatterImages(
  page: { readonly values: Readonly<Record<string, unknown>>; readonly text: string; readonly line: number },
  names: readonly string[],
): FrontMatterImage[] {
  const placeOf = placesIn(page);
  return names.flatMap((name) => {
    const value = name
      .toLowerCase()
      .split(".")
      .reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), page.values);
    const values = Array.isArray(value) ? value : [value];
    return values
      .filter((one) => typeof one === "string" && isImage(one))
      .map((destination: string) => ({ destination, ...placeOf(destination) }));
  });
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
function placesIn(page: {
  readonly text: string;
  readonly line: number;
}): (destination: string) => { readonly line: number; readonly column: number } {
  const start = { line: page.line, column: 1 };
  const placeOf = linesOf(page.text, start);
  return (destination) => {
    const at = page.text.indexOf(destination);
    return at === -1 ? start : placeOf(at);
  };
}
