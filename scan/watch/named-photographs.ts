import { blameOf } from "../proxy/blame.ts";
import type { Folder, Listings } from "../proxy/list.ts";
import type { Session } from "../proxy/session.ts";

/** Photographs that pages name one by one, and the folders that have them, or lack them, as the source listed them. */
export interface NamedPhotographs {
  readonly keys: ReadonlySet<string>;
  readonly listings: Listings;
}

/**
 * Lists the folders of these keys. A source that has no listing is not watched.
 * @returns undefined if the server, or its storage, does not answer now.
 */
export async function lookAtNamed(
  keys: Iterable<string>,
  { list }: Pick<Session, "list">,
): Promise<NamedPhotographs | undefined> {
  const wanted = new Set(keys);
  const folders = new Set(Array.from(wanted, (key) => key.slice(0, key.lastIndexOf("/") + 1)));
  const listings = await list(Array.from(folders, (folder) => ({ folder, deep: false }))).catch(nothing);
  if (listings === undefined) return undefined;
  for (const listing of listings.values())
    if ("problem" in listing && blameOf(listing.problem.code) === "storage") return undefined;
  return { keys: wanted, listings: new Map([...listings].filter(([, listing]) => "objects" in listing)) };
}

/** The folders to list for {@link hasOther}. */
export function foldersOfNamed({ listings }: NamedPhotographs): Folder[] {
  return [...listings.keys()].map((folder) => ({ folder, deep: false }));
}

/** Whether one of them was added, replaced or removed. A folder that cannot be listed now has not changed. */
export function hasOther({ keys, listings }: NamedPhotographs, now: Listings): boolean {
  const all = [...listings].filter(([name]) => "objects" in (now.get(name) ?? {}));
  return all.some(([name]) => states(listings, name, keys) !== states(now, name, keys));
}

/** One line for each of the keys in a listing. */
function states(listings: Listings, name: string, keys: ReadonlySet<string>): string {
  const listing = listings.get(name);
  const objects = listing !== undefined && "objects" in listing ? listing.objects : [];
  const own = objects.filter(({ key }) => keys.has(key));
  return own
    .map(({ key, bytes, modified }) => `${key} ${bytes} ${modified}`)
    .sort()
    .join("\n");
}

const nothing = (): undefined => undefined;
