import type { ManifestImage } from "../../contract/manifest.ts";
import type { AskedGallery } from "./source.ts";

/**
 * How wide a page shows a photograph of a gallery, in CSS pixels; undefined if it is loaded only when a reader opens it. The twin of
 * layouts/partials/imgproxy/_/gallery/sizes.html.
 * @param width of the text around it.
 */
export type ShownWidth = (width: number, image: ManifestImage | undefined) => number | undefined;

/** @param keys of the gallery, in its order. @returns for each of them. */
export function shownWidths(
  { columns, cover }: Pick<AskedGallery, "columns" | "cover">,
  keys: readonly string[],
): ShownWidth[] {
  const shown = coverIn(cover, keys);
  const inTile = /^(?:[1-9]|1[0-2])$/.test(columns ?? "") ? inColumn(Number(columns)) : inRow;
  if (shown === undefined) return keys.map(() => inTile);
  return keys.map((_, at) => (at === shown ? (width) => width : () => undefined));
}

/** The index of the photograph that stands for all, if one does. */
function coverIn(cover: string | undefined, keys: readonly string[]): number | undefined {
  if (cover === undefined || /^(?:false|0|no)$/i.test(cover)) return undefined;
  const named = keys.findIndex((key) => `/${key}`.endsWith(`/${cover.replace(/^\/+/, "")}`));
  if (named !== -1) return named;
  return Math.max(0, keys.indexOf(coverOf(keys) ?? ""));
}

/** The photograph that stands for all: the one whose file is named cover, else the first. */
export function coverOf(keys: readonly string[]): string | undefined {
  return keys.find((key) => /(?:^|\/)cover\.[a-z]+$/i.test(key)) ?? keys[0];
}

const REM = 16;

/** A row is 30 % of the text's width high, between 5 and 13 rem, and grows by a fifth on average, so that it is full. */
function inRow(width: number, image: ManifestImage | undefined): number {
  const tall = 1.2 * ratioOf(image);
  return Math.min(width, Math.max(5 * REM * tall, Math.min(0.3 * width * tall, 13 * REM * tall)));
}

/** Columns show squares. */
function inColumn(columns: number): ShownWidth {
  return (width, image) => (width * Math.max(1, ratioOf(image))) / columns;
}

function ratioOf(image: ManifestImage | undefined): number {
  return image === undefined || image.width === 0 || image.height === 0 ? 1.5 : image.width / image.height;
}
