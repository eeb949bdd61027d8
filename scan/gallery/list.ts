import { nearKeys } from "../../contract/nearest.ts";
import { refusalWords } from "../../contract/refused-formats.ts";
import { counted } from "../counted.ts";
import type { Finding } from "../findings.ts";
import { blameOf, type Refusal } from "../proxy/blame.ts";
import { type Folder, folderName, type Listed, type Listing, type Listings } from "../proxy/list.ts";
import type { Session } from "../proxy/session.ts";
import { suggestionWords } from "../proxy/suggestions.ts";
import { type Contents, contentsOf, leftOutWords } from "./contents.ts";
import { asWritten, findingAt, type Galleries, onceEach, type PlacedGallery, shownSource } from "./placed.ts";
import { type GallerySource, MOST_PHOTOGRAPHS } from "./source.ts";

/** One list of the manifest before its photographs are known. */
export interface ListedGallery {
  readonly source: GallerySource;
  readonly places: readonly [PlacedGallery, ...PlacedGallery[]];
  /** Possible photographs. If the listing failed, those of the existing manifest, in its order. */
  readonly keys: readonly string[];
  /** Whether they are from a listing. */
  readonly isListed: boolean;
}

export interface ListedGalleries {
  readonly galleries: readonly ListedGallery[];
  readonly listings: Listings;
  readonly findings: readonly Finding[];
}

/** Lists the folders of all galleries, each once. @throws as {@link Session.list} does. */
export async function readGalleries(
  placed: readonly PlacedGallery[],
  { list }: Pick<Session, "list">,
  before: Galleries,
): Promise<ListedGalleries> {
  const listings = await list(foldersOf(placed));
  const all = new Map(listings);
  // Any folder of a path may be misspelt: up to the first one that exists.
  for (let wanted = foldersAbove(placed, listings); wanted.length > 0; ) {
    const found = await list(wanted);
    for (const [name, listing] of found) if (!all.has(name)) all.set(name, listing);
    wanted = wanted.filter((one) => one.folder !== "" && isAbsent(found.get(folderName(one)))).map(above);
  }
  return { listings, ...listGalleries(placed, all, before) };
}

/** Every folder that these galleries may show. */
export function foldersOf(placed: readonly PlacedGallery[]): readonly Folder[] {
  return placed.flatMap(({ sources }) => sources);
}

/** The folders above galleries without a file: one in them may be the one that an author meant. */
function foldersAbove(placed: readonly PlacedGallery[], listings: Listings): Folder[] {
  const isEmpty = (source: GallerySource) => {
    const listing = listings.get(folderName(source));
    return listing !== undefined && "objects" in listing && listing.objects.length === 0;
  };
  return placed
    .filter(({ sources, mayBeEmpty }) => mayBeEmpty !== true && sources.every(isEmpty))
    .map(({ sources }) => above(asWritten(sources)));
}

/**
 * The possible photographs of each gallery, each list once.
 * @param before the galleries of the existing manifest.
 */
function listGalleries(
  placed: readonly PlacedGallery[],
  listings: Listings,
  before: Galleries,
): Omit<ListedGalleries, "listings"> {
  const findings: Finding[] = [];
  const galleries = new Map<string, ListedGallery>();
  const failed = new Map<string, PlacedGallery[]>();
  for (const place of placed) {
    const { source, contents, problem } = choose(place.sources, listings, before);
    const known = galleries.get(source.name);
    const places: ListedGallery["places"] = known === undefined ? [place] : [...known.places, place];
    if (contents?.images.length === 0 && place.mayBeEmpty === true) continue;
    const words =
      problem === undefined ? contents && faultWords(place.sources, source, contents, listings) : undefined;
    if (words !== undefined) findings.push(findingAt(place, "error", words));
    if (problem !== undefined && blameOf(problem.code) === "photograph") {
      const reason = failureWords(problem);
      failed.set(reason, [...(failed.get(reason) ?? []), place]);
    }
    if (contents !== undefined && contents.images.length > MOST_PHOTOGRAPHS) continue;
    const keys = contents?.images.map(({ key }) => key) ?? before.get(source.name) ?? [];
    galleries.set(source.name, { source, places, keys, isListed: contents !== undefined });
    if (known === undefined)
      for (const [row, files] of contents?.refused ?? [])
        findings.push(findingAt(place, "warning", leftOutWords(source.reference, files, refusalWords(row))));
  }
  for (const [reason, [first, ...others]] of failed)
    if (first !== undefined)
      findings.push(
        findingAt(first, "error", `${galleryWords(first, others.length)} cannot be listed: ${reason}`),
      );
  return { galleries: [...galleries.values()], findings: onceEach(findings) };
}

// --- one gallery ---

interface Chosen {
  readonly source: GallerySource;
  /** Absent if the listing failed. */
  readonly contents?: Contents;
  readonly problem?: Refusal;
}

/** The first source that has a photograph. If one before it could not be listed, the one that the manifest has. */
function choose(sources: PlacedGallery["sources"], listings: Listings, before: Galleries): Chosen {
  let empty: Chosen | undefined;
  for (const source of sources) {
    const listing = listings.get(folderName(source)) ?? nothing;
    if ("problem" in listing) return { source: shownSource(sources, before), problem: listing.problem };
    const contents = contentsOf(listing.objects, source);
    if (contents.images.length > 0) return { source, contents };
    empty ??= { source, contents };
  }
  return empty ?? { source: sources[0] };
}

const nothing: Listing = { objects: [], folders: [] };

function isAbsent(listing: Listing | undefined): boolean {
  return (
    listing !== undefined && "objects" in listing && listing.objects.length + listing.folders.length === 0
  );
}

function above({ folder }: Folder): Folder {
  return { folder: folder.replace(/[^/]*\/$/, ""), deep: false };
}

// --- words ---

/** What is wrong with the contents of a gallery, if anything. */
function faultWords(
  sources: PlacedGallery["sources"],
  { reference }: GallerySource,
  { images: { length } }: Contents,
  listings: Listings,
): string | undefined {
  if (length > MOST_PHOTOGRAPHS)
    return `the gallery ${reference} has ${counted(length, "photograph")}, and a page shows at most ${MOST_PHOTOGRAPHS}: name a folder or a glob with fewer`;
  if (length > 0) return undefined;
  const written = asWritten(sources);
  const listing = listings.get(folderName(written)) ?? nothing;
  return "problem" in listing ? undefined : emptyWords(written, listing, listings);
}

/** Why a gallery has nothing, and what its author may have meant. */
function emptyWords({ reference, folder }: GallerySource, listing: Listed, listings: Listings): string {
  const what = `the gallery ${reference} has no photographs`;
  if (listing.objects.length > 0)
    return `${what}: none of the ${counted(listing.objects.length, "file")} in ${folder || "the source"} is one; names that begin with a dot or an underscore are left out`;
  const [below] = listing.folders;
  if (below !== undefined)
    return `${what} of its own, only folders such as ${below}: name one of them, or ${folder}** for all`;
  let missing: Folder = { folder, deep: false };
  while (missing.folder !== "" && isAbsent(listings.get(folderName(above(missing)))))
    missing = above(missing);
  const parent = listings.get(folderName(above(missing)));
  const siblings = parent !== undefined && "folders" in parent ? parent.folders : [];
  const name = missing.folder.slice(0, -1);
  const near = nearKeys(
    name,
    siblings.map((sibling) => sibling.slice(0, -1)),
  );
  const none = missing.folder === folder ? "there is no such folder." : `there is no folder ${name}.`;
  return `${what}: ${none}${near.length === 0 ? "" : ` ${suggestionWords(near)}`}`;
}

function galleryWords({ sources }: PlacedGallery, others: number): string {
  const { reference } = asWritten(sources);
  return others === 0
    ? `the gallery ${reference}`
    : `the gallery ${reference}, with ${counted(others, "other")},`;
}

function failureWords({ code, detail }: Refusal): string {
  if (code !== "cannot-list") return detail;
  return `${detail} Name the photographs one by one, as in keys="a.jpg, b.jpg", or use a folder or a bucket as the server's SOURCE`;
}
