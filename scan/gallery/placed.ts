import type { Finding } from "../findings.ts";
import type { KnownPhotographs } from "../manifest.ts";
import type { GallerySource } from "./source.ts";

/** A gallery, and the place that names it. */
export interface PlacedGallery extends Pick<Finding, "file" | "line" | "column"> {
  /** The first that has a photograph is shown. */
  readonly sources: readonly [GallerySource, ...GallerySource[]];
  /** Named by front matter: the theme decides whether a page shows it. */
  readonly isCover: boolean;
  /** Whether it may have no photographs: nobody has named it alone. */
  readonly mayBeEmpty?: boolean;
}

/** The galleries of a manifest: source keys by name. */
export type Galleries = KnownPhotographs["galleries"];

/** The source that the templates choose: the first that the manifest has with a photograph, else the first that it has. */
export function shownSource(
  [first, ...others]: PlacedGallery["sources"],
  galleries: Galleries,
): GallerySource {
  const all = [first, ...others];
  const listOf = ({ name }: GallerySource) => galleries.get(name);
  return (
    all.find((source) => (listOf(source)?.length ?? 0) > 0) ??
    all.find((source) => listOf(source) !== undefined) ??
    first
  );
}

/** The source by the name that its author wrote, not in the page's own folder. */
export function asWritten([first, ...others]: PlacedGallery["sources"]): GallerySource {
  return others.at(-1) ?? first;
}

/** A finding at the place of a gallery. */
export function findingAt(place: PlacedGallery, severity: Finding["severity"], message: string): Finding {
  const { file, line, column } = place;
  return { severity, file, line, column, message };
}

/** Two galleries of one folder find the same. */
export function onceEach(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((one) => [JSON.stringify(one), one])).values()];
}
