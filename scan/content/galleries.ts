import { parseDestination } from "../../contract/page/destination.ts";
import { galleryCover } from "../../contract/page/gallery-arguments.ts";
import type { SiteParams } from "../../contract/page/params.ts";
import { type ShownWidth, shownWidths } from "../gallery/layout.ts";
import { asWritten, type Galleries, type PlacedGallery, shownSource } from "../gallery/placed.ts";
import { type AskedGallery, type ParsedGallery, parseGallery } from "../gallery/source.ts";
import { type PossibleUse, photoUse } from "./resolve.ts";

/** A gallery of a folder or a glob, before its photographs are known. */
export interface PossibleGallery extends Omit<PlacedGallery, "file"> {
  /** Maximum number of photographs that the page shows. */
  readonly limit?: number;
  readonly layout: ParsedGallery["layout"];
  /** A photograph of it, as an image of the page. */
  use(key: string): PossibleUse;
  /** Of an album: the photograph that stands for it in cards and link previews. */
  coverUse?(key: string): PossibleUse;
}

/** Result of resolving a gallery. */
export interface ResolvedGallery {
  readonly gallery?: PossibleGallery;
  readonly list?: ResolvedList;
  readonly invalid?: string;
  readonly warnings: readonly string[];
}

/** Photographs that their author has listed. */
export interface ResolvedList {
  readonly destinations: readonly string[];
  /** Possible keys of each. Those that the site has itself are set to none, once that is known. */
  readonly keys: (readonly string[])[];
  readonly widths: readonly ShownWidth[];
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
  const { sources, keys, limit, layout, problems } = parsed;
  if (sources === undefined) {
    const possible = (keys ?? []).map((destination) => possibleKeys(destination, params, page.folder));
    const { problem } = possible.length === 0 ? {} : galleryCover(layout.cover, possible);
    return {
      warnings: problem === undefined ? problems : [...problems, problem],
      list: { destinations: keys ?? [], keys: possible, widths: shownWidths(layout, possible) },
    };
  }
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
    layout,
    use,
    ...(limit !== undefined && { limit }),
  };
  return { warnings: problems, gallery };
}

function possibleKeys(destination: string, params: SiteParams, folder: string): readonly string[] {
  const parsed = parseDestination(destination, params, folder);
  return parsed.kind === "photo" ? parsed.keys : [destination];
}

/** The photographs that a page shows: the manifest's list of the first source that has any. */
export function shownUses(gallery: PossibleGallery, galleries: Galleries): PossibleUse[] {
  const { layout, use, coverUse } = gallery;
  const list = shownList(gallery, galleries);
  const keys = list.map((key) => [key]);
  const widths = shownWidths(layout, keys);
  const uses = list.map((key, at) => ({ ...use(key), ...shownAt(widths, at) }));
  const cover = coverUse && list[galleryCover("true", keys).shown ?? 0];
  return cover === undefined ? uses : [coverUse?.(cover), ...uses].filter((one) => one !== undefined);
}

/** What is wrong with a gallery's cover, once its photographs are known. */
export function coverProblem(gallery: PossibleGallery, galleries: Galleries): string | undefined {
  const list = shownList(gallery, galleries);
  if (list.length === 0) return undefined;
  return galleryCover(
    gallery.layout.cover,
    list.map((key) => [key]),
  ).problem;
}

function shownList({ sources, limit }: PossibleGallery, galleries: Galleries): readonly string[] {
  return (galleries.get(shownSource(sources, galleries).name) ?? []).slice(0, limit);
}

/** How wide a photograph of a gallery is shown, by its place. */
export function shownAt(widths: readonly ShownWidth[], at: number): Pick<PossibleUse, "shownWidth"> {
  const shownWidth = widths[at];
  return shownWidth === undefined ? {} : { shownWidth };
}
