import type { ManifestImage } from "../../contract/manifest.ts";
import { galleryCover } from "../../contract/page/gallery-arguments.ts";
import { once } from "../once.ts";
import type { ParsedGallery } from "./source.ts";

/**
 * How wide a page shows a photograph of a gallery, in CSS pixels; undefined if it is loaded only when a reader opens it. The twin of
 * layouts/partials/imgproxy/_/gallery/sizes.html and growths.html.
 * @param width of the text around it.
 */
export type ShownWidth = (width: number, images: ReadonlyMap<string, ManifestImage>) => number | undefined;

/**
 * @param keys the possible keys of each photograph, in the page's order. @returns for each of them.
 */
export function shownWidths(
  { columns, cover }: ParsedGallery["layout"],
  keys: readonly (readonly string[])[],
): ShownWidth[] {
  const { shown } = galleryCover(cover, keys);
  if (shown !== undefined) return keys.map((_, at) => (at === shown ? (width) => width : () => undefined));
  const ratios = once((images: ReadonlyMap<string, ManifestImage>) => ratiosOf(keys, images));
  if (columns !== undefined)
    return keys.map((_, at) => (width, images) => inColumn(width, ratios(images)[at], Number(columns)));
  const growths = once((images: ReadonlyMap<string, ManifestImage>) => rowGrowths(ratios(images)));
  return keys.map(
    (_, at) => (width, images) => inRow(width, growths(images)[at] ?? 1, ratios(images)[at] ?? UNKNOWN),
  );
}

const REM = 16;

/** A row is 30 % of the text's width high, between 5 and 13 rem, and grows so that it is full, up to 26 rem. */
function inRow(width: number, growth: number, ratio: number): number {
  const [least, natural, most] = [5 * REM * growth, 0.3 * width * growth, 13 * REM * Math.min(2, growth)];
  return Math.min(width, ratio * Math.max(least, Math.min(natural, most)));
}

/** The same as layouts/partials/imgproxy/_/gallery/growths.html, which says why. */
function rowGrowths(ratios: readonly number[]): number[] {
  const growths = ratios.map(() => 1);
  for (let start = 0; start < ratios.length; start++)
    for (let end = start, row = 0; ; end++) {
      row += ratios[end] ?? 0;
      const next = ratios[end + 1];
      if (row > 6 || next === undefined) break;
      if (row + next + 0.1 * (end - start + 1) <= 3.33) continue;
      const grown = Math.min(3.2, Math.min(6, row + next) / row);
      for (let at = start; at <= end; at++) growths[at] = Math.max(growths[at] ?? 1, grown);
    }
  return growths;
}

/** Columns show squares. */
function inColumn(width: number, ratio = UNKNOWN, columns: number): number {
  return (width * Math.max(1, ratio)) / columns;
}

const UNKNOWN = 1.5;

function ratiosOf(
  keys: readonly (readonly string[])[],
  images: ReadonlyMap<string, ManifestImage>,
): readonly number[] {
  return keys.map((possible) => {
    const { width, height } = images.get(possible.find((key) => images.has(key)) ?? "") ?? nothing;
    return width === 0 || height === 0 ? UNKNOWN : Math.max(0.2, Math.min(5, width / height));
  });
}

const nothing = { width: 0, height: 0 };
