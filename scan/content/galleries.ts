import type { SiteParams } from "../../contract/page/params.ts";
import { coverOf, type ShownWidth, shownWidths } from "../gallery/layout.ts";
import { asWritten, type Galleries, type PlacedGallery, shownSource } from "../gallery/placed.ts";
import { type AskedGallery, parseGallery } from "../gallery/source.ts";
import { type PossibleUse, photoUse } from "./resolve.ts";

/** A gallery of a folder or a glob, before its photographs are known. */
export interface PossibleGallery extends Omit<PlacedGallery, "file"> {
  /** Maximum number of photographs that the page shows. */
  readonly limit?: number;
  readonly layout: Pick<AskedGallery, "columns" | "cover">;
  /** A photograph of it, as an image of the page. */
  use(key: string): PossibleUse;
  /** Of an album: the photograph that stands for it in cards and link previews. */
  coverUse?(key: string): PossibleUse;
}

/** Result of resolving a gallery. */
export interface ResolvedGallery {
  readonly gallery?: PossibleGallery;
  /** Of a list: the destinations of its images. */
  readonly keys?: readonly string[];
  readonly invalid?: string;
  readonly warnings: readonly string[];
}

/** @param place of the gallery in its file. */
export function resolveGallery(
  asked: AskedGallery,
  place: { readonly line: number; readonly column: number },
  page: { readonly folder: string },
  params: SiteParams,
): ResolvedGallery {
  if (params.endpoint === "") return { warnings: [] };
  const parsed = parseGallery(asked, params, page.folder);
  if ("invalid" in parsed) return { invalid: parsed.invalid, warnings: [] };
  const { sources, keys, limit, problems } = parsed;
  if (sources === undefined) return { warnings: problems, ...(keys !== undefined && { keys }) };
  const { line, column } = place;
  const { isCover } = asked;
  const written = asWritten(sources).reference;
  const use = (key: string) =>
    photoUse(key, { line, column, isCover }, params, { as: "image", gallery: written });
  const gallery = {
    sources,
    line,
    column,
    isCover,
    layout: asked,
    use,
    ...(limit !== undefined && { limit }),
  };
  return { warnings: problems, gallery };
}

/** The photographs that a page shows: the manifest's list of the first source that has any. */
export function shownUses(
  { sources, limit, layout, use, coverUse }: PossibleGallery,
  galleries: Galleries,
): PossibleUse[] {
  const list = (galleries.get(shownSource(sources, galleries).name) ?? []).slice(0, limit);
  const widths = shownWidths(layout, list);
  const uses = list.map((key, at) => ({ ...use(key), ...shownAt(widths, at) }));
  const cover = coverUse && coverOf(list);
  return cover === undefined ? uses : [coverUse?.(cover), ...uses].filter((one) => one !== undefined);
}

/** How wide a photograph of a gallery is shown, by its place. */
export function shownAt(widths: readonly ShownWidth[], at: number): Pick<PossibleUse, "shownWidth"> {
  const shownWidth = widths[at];
  return shownWidth === undefined ? {} : { shownWidth };
}
