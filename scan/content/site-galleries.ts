import { type Finding, siteFinding } from "../findings.ts";
import { type ListedGalleries, readGalleries } from "../gallery/list.ts";
import { findingAt, type Galleries, type PlacedGallery, shownSource } from "../gallery/placed.ts";
import { blameOf } from "../proxy/blame.ts";
import { folderName } from "../proxy/list.ts";
import type { Session } from "../proxy/session.ts";
import type { Site } from "../site/site.ts";
import { albumFolders, albumPosts, clashingAlbums, oddAlbums } from "./albums.ts";
import type { Found, PossiblePost } from "./found.ts";

/** The content with its albums, and its galleries of folders and patterns. */
export interface WithGalleries {
  readonly possible: Found<PossiblePost>;
  readonly placed: readonly PlacedGallery[];
  /** The possible photographs of each gallery, if they were asked for. */
  readonly listed: ListedGalleries;
}

/** As a build with an existing manifest shows it. */
export function knownGalleries(site: Site, read: Found<PossiblePost>, galleries: Galleries): WithGalleries {
  const all = withAlbums(read, albumPosts(site, galleries.keys()));
  const unknown = all.placed.filter(({ sources }) => !galleries.has(shownSource(sources, galleries).name));
  const findings = unknown.map((place) =>
    findingAt(
      place,
      "note",
      `the manifest does not have the gallery ${place.sources[0].reference}: its photographs are known after a scan that writes it`,
    ),
  );
  return { ...all, listed: { galleries: [], listings: new Map(), findings } };
}

/**
 * As the source has it now.
 * @param before the galleries of the existing manifest, for what cannot be listed. @throws as {@link Session.list} does.
 */
export async function listedGalleries(
  site: Site,
  read: Found<PossiblePost>,
  session: Session,
  before: Galleries,
): Promise<WithGalleries> {
  const albums = albumFolders(site);
  const listings = await session.list(albums);
  const findings: Finding[] = [];
  const names = albums.flatMap((folder) => {
    const listing = listings.get(folderName(folder));
    if (listing === undefined || "objects" in listing) {
      const folders = (listing?.folders ?? []).map((name) => name.slice(0, -1));
      if (folders.length === 0)
        findings.push(
          siteFinding("error", site.albumsFile, `params.imgproxy.albums: ${folder.folder} has no folders`),
        );
      return folders;
    }
    if (blameOf(listing.problem.code) === "photograph")
      findings.push(
        siteFinding(
          "error",
          site.albumsFile,
          `the albums of ${folder.folder} cannot be listed: ${listing.problem.detail}`,
        ),
      );
    return [...before.keys()].filter((name) => name.startsWith(folder.folder) && !name.includes("?order="));
  });
  findings.push(...oddAlbums(site, names), ...clashingAlbums(site, names));
  const all = withAlbums(read, albumPosts(site, names));
  const listed = await readGalleries(all.placed, session, before);
  return {
    ...all,
    listed: {
      ...listed,
      listings: new Map([...listings, ...listed.listings]),
      findings: [...findings, ...listed.findings],
    },
  };
}

function withAlbums(
  read: Found<PossiblePost>,
  albums: readonly PossiblePost[],
): Omit<WithGalleries, "listed"> {
  const possible = { ...read, posts: [...read.posts, ...albums] };
  const placed = possible.posts.flatMap(({ file, galleries }) => galleries.map((one) => ({ ...one, file })));
  return { possible, placed };
}
