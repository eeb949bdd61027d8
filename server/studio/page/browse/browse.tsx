import { CopyBox } from "../copy/copy-box.tsx";
import { galleryOf } from "../copy/snippets.ts";
import { Failure } from "../failure.tsx";
import { type FolderRoute, folderHash, longest, photoHash, STEP, sortOrders } from "../url/route.ts";
import { bytesText, dateText, nameOf } from "../words.ts";
import { arranged, type Listed, type Listing, useListing } from "./listing.ts";
import { Thumbnail } from "./thumbnail.tsx";
import { missingIn, useUsed } from "./used.ts";

interface BrowseProps {
  readonly route: FolderRoute;
  readonly change: (part: Partial<FolderRoute>) => void;
}

/** A folder's photographs. */
export function Browse({ route, change }: BrowseProps) {
  const { folder, find, sort, pick: picks, most } = route;
  const wantsAll = route.whole || find !== "" || sort !== "name";
  const listing = useListing(folder, wantsAll ? Number.POSITIVE_INFINITY : most);
  const used = useUsed(folder);
  const { error } = listing;
  const all = arranged(listing.objects, find, sort);
  const shown = all.slice(0, most);
  const isMore = all.length > most || listing.next !== undefined;
  const missing = missingIn(listing, used);
  const toggle = (key: string): void =>
    change({ pick: picks.includes(key) ? picks.filter((one) => one !== key) : [...picks, key] });
  return (
    <>
      <form class="find" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Find</span>
          <input
            type="search"
            value={find}
            spellcheck={false}
            maxLength={longest.find}
            onInput={({ currentTarget }) => change({ find: currentTarget.value })}
          />
        </label>
        <label>
          <span>Order</span>
          <select
            value={sort}
            onChange={({ currentTarget }) =>
              change({ sort: sortOrders.find((one) => one === currentTarget.value) ?? "name" })
            }
          >
            {sortOrders.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <output class="count">{countText(listing, all.length, wantsAll)}</output>
      </form>
      {error !== undefined && <Failure error={error} />}
      {listing.folders.length > 0 && find === "" && (
        <ul class="folders" aria-label="Folders here">
          {listing.folders.map((one) => (
            <li key={one}>
              <a href={folderHash(one)}>{nameOf(one)}</a>
            </li>
          ))}
        </ul>
      )}
      {used.error !== undefined && error === undefined && <Failure error={used.error} />}
      {missing !== undefined && missing.length > 0 && <Missing names={missing} />}
      {used.names !== undefined && listing.next !== undefined && !wantsAll && (
        <p class="hint">
          Posts may name photographs that are not here.{" "}
          <button type="button" class="quiet" onClick={() => change({ whole: true })}>
            Look for them in the whole folder
          </button>
        </p>
      )}
      {shown.length > 0 && (
        <ul class="tiles" aria-label="Photographs">
          {shown.map((object) => (
            <Tile
              key={object.key}
              object={object}
              isUnused={used.names?.has(object.key) === false}
              isPicked={picks.includes(object.key)}
              toggle={toggle}
            />
          ))}
        </ul>
      )}
      {!listing.isLoading && error === undefined && all.length === 0 && listing.folders.length === 0 && (
        <p class="empty">
          {find === "" ? "There is nothing in this folder." : `Nothing here is called “${find}”.`}
        </p>
      )}
      {isMore && error === undefined && (
        <p class="more">
          <button type="button" disabled={listing.isLoading} onClick={() => change({ most: most + STEP })}>
            Show more
          </button>
        </p>
      )}
      {picks.length > 0 && <Selection picks={picks} clear={() => change({ pick: [] })} />}
    </>
  );
}

function countText({ objects, next, isLoading }: Listing, found: number, wantsAll: boolean): string {
  const known = objects.length;
  const hasNext = next !== undefined;
  if (isLoading && known === 0) return "Reading the folder";
  if (wantsAll && hasNext) return `${number(known)} names read so far, ${number(found)} match`;
  if (found !== known) return `${number(found)} of ${number(known)}`;
  return hasNext ? `The first ${number(known)}` : `${number(known)} ${known === 1 ? "file" : "files"}`;
}

function number(count: number): string {
  return count.toLocaleString("en");
}

function Tile({
  object,
  isUnused,
  isPicked,
  toggle,
}: {
  readonly object: Listed;
  /** No post uses it. */
  readonly isUnused: boolean;
  readonly isPicked: boolean;
  readonly toggle: (key: string) => void;
}) {
  const { key, bytes, modified } = object;
  const name = nameOf(key);
  return (
    <li class="tile">
      <a href={photoHash(key)}>
        <Thumbnail object={object} />
        <span class="name">{name}</span>
      </a>
      <span class="facts">
        {bytesText(bytes)} <time>{dateText(modified)}</time>
        {isUnused && <span class="mark">no post uses it</span>}
      </span>
      <input type="checkbox" aria-label={`Select ${name}`} checked={isPicked} onChange={() => toggle(key)} />
    </li>
  );
}

function Missing({ names }: { readonly names: readonly string[] }) {
  return (
    <section class="missing" aria-labelledby="missing">
      <h2 id="missing">Posts name these, and they are not here</h2>
      <ul>
        {names.slice(0, MOST_MISSING).map((name) => (
          <li key={name}>
            {name.endsWith("/") ? <a href={folderHash(name)}>{`${nameOf(name)}/`}</a> : nameOf(name)}
          </li>
        ))}
      </ul>
      {names.length > MOST_MISSING && <p class="hint">And {number(names.length - MOST_MISSING)} more.</p>}
    </section>
  );
}

const MOST_MISSING = 100;

function Selection({ picks, clear }: { readonly picks: readonly string[]; readonly clear: () => void }) {
  return (
    <section class="selection" aria-label="Selection">
      <p>
        {picks.length} selected{" "}
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </p>
      <CopyBox label="Gallery" text={galleryOf(picks)} />
    </section>
  );
}
