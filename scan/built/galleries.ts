import { counted } from "../counted.ts";
import type { Finding } from "../findings.ts";
import { contentsOf } from "../gallery/contents.ts";
import { compareNames } from "../gallery/order.ts";
import {
  asWritten,
  findingAt,
  type Galleries,
  onceEach,
  type PlacedGallery,
  shownSource,
} from "../gallery/placed.ts";
import { isThere } from "../proxy/answers.ts";
import { folderName } from "../proxy/list.ts";
import type { Session } from "../proxy/session.ts";
import type { Emitted } from "./built-site.ts";
import type { BuiltGallery } from "./markup/galleries.ts";

/** A gallery of a built page, and its place. */
export type PlacedBuiltGallery = BuiltGallery & Emitted;

/**
 * Whether each gallery of a built site shows exactly the photographs of the manifest's list, in its order. A gallery of the content
 * that no page shows is a warning.
 */
export function galleryFindings(
  built: readonly PlacedBuiltGallery[],
  placed: readonly PlacedGallery[],
  galleries: Galleries,
): Finding[] {
  const findings = built.flatMap((gallery) => {
    const list = galleries.get(gallery.name);
    const message =
      list === undefined
        ? `the manifest does not have the gallery ${gallery.name}: scan, and build again`
        : differenceWords(gallery, list.slice(0, gallery.limit));
    const { file, line, column } = gallery;
    return message === undefined ? [] : [{ severity: "error", file, line, column, message } as const];
  });
  const shown = new Set(built.map(({ name }) => name));
  const unshown = placed.filter(
    ({ sources, isCover }) => !isCover && !sources.some(({ name }) => shown.has(name)),
  );
  const warnings = unshown.map((place) => {
    const { reference } = asWritten(place.sources);
    const isEmpty = galleries.get(shownSource(place.sources, galleries).name)?.length === 0;
    const words = isEmpty
      ? `the gallery ${reference} has no photographs in the manifest: if there are some now, scan and build again`
      : `no page of the built site shows the gallery ${reference}: was it built after the scan, and does the site replace the shortcode imgproxy/gallery?`;
    return findingAt(place, "warning", words);
  });
  return [...findings, ...onceEach(warnings)];
}

/** A warning for each gallery whose folder has photographs that its list does not have: they were uploaded since the scan. */
export async function uploadedSince(
  placed: readonly PlacedGallery[],
  galleries: Galleries,
  session: Pick<Session, "list" | "look">,
): Promise<Finding[]> {
  const shown = placed.map((place) => ({ place, source: shownSource(place.sources, galleries) }));
  const listings = await session.list(shown.map(({ source }) => source));
  const added = shown.map(({ place, source }) => {
    const listing = listings.get(folderName(source));
    const known = new Set(galleries.get(source.name));
    const objects = listing !== undefined && "objects" in listing ? listing.objects : [];
    const keys = contentsOf(objects, source).images.map(({ key }) => key);
    return { place, source, keys: keys.filter((key) => !known.has(key)) };
  });
  // Its name alone does not make a file a photograph.
  const photos = await session.look(added.flatMap(({ keys }) => keys.map((key) => [key])));
  return onceEach(
    added.flatMap(({ place, source, keys }) => {
      const [first, ...more] = keys.filter((key) => isThere(photos.get(key))).sort(compareNames);
      if (first === undefined) return [];
      const names = more.length === 0 ? first : `${first} and ${counted(more.length, "other")}`;
      return [
        findingAt(
          place,
          "warning",
          `${source.reference} has more photographs than at the scan, ${names}: scan, and build again`,
        ),
      ];
    }),
  );
}

/** What a page shows instead of a list; undefined if it shows the list. */
function differenceWords({ name, keys, others }: BuiltGallery, list: readonly string[]): string | undefined {
  const [shown, listed] = [new Set(keys), new Set(list)];
  const missing = list.filter((key) => !shown.has(key));
  const extra = [...keys.filter((key) => !listed.has(key)), ...others];
  const parts = [
    ...(missing.length > 0 ? [`lacks ${countOf(missing)} of its ${counted(list.length, "photograph")}`] : []),
    ...(extra.length > 0 ? [`shows ${countOf(extra)} that the manifest's list does not have`] : []),
  ];
  const misplaced = parts.length === 0 ? keys.find((key, at) => key !== list[at]) : undefined;
  if (misplaced !== undefined) parts.push(`shows ${misplaced} at another place than the manifest's list`);
  if (parts.length === 0) return undefined;
  return `the gallery ${name} ${parts.join(", and ")}: build again after the scan; if that does not help, a template of the site changes it`;
}

function countOf(keys: readonly string[]): string {
  const [first = "", ...more] = keys;
  return more.length === 0 ? first : `${keys.length}, such as ${first},`;
}
