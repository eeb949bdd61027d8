import { type PublishedField, publishedBy } from "../contract/meta.ts";
import type { Found, PossiblePost } from "./content/found.ts";
import type { Probed } from "./proxy/probe.ts";
import type { Site } from "./site/site.ts";

/** What the site publishes of metadata, also for one page or image of it. */
export function fieldsShown({ meta }: Site, { posts }: Found<PossiblePost>): readonly PublishedField[] {
  const exif = posts.some(({ uses, galleries }) =>
    [...uses, ...galleries.map(({ use }) => use(""))].some((use) => use.exif === true),
  );
  return [...new Set(publishedBy({ meta, exif }))];
}

/** Of an older server, or of one that tells nobody of metadata where the scan has no token. */
export function untoldMeta(
  meta: readonly PublishedField[],
  wants: string,
  photos: ReadonlyMap<string, Probed>,
): string[] {
  const isTold = [...photos.values()].every((info) => "problem" in info || info.meta !== undefined);
  if (meta.length === 0 || isTold) return [];
  return [
    `${wants} ${meta.join(", ")}, which the server does not tell: give --token, start the server with META=${meta.join(",")}, or update it`,
  ];
}
