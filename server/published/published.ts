import { setInterval as every } from "node:timers";
import { InvalidBody, type PublishedBody } from "../../contract/api.ts";
import { readerClasses, type VariantClass } from "../../contract/formats.ts";
import { formatPublished, type ImageRequest, isOriginal, parseQuery } from "../../contract/request.ts";
import type { Variant } from "../cache/cache.ts";
import { VolumeHung, type WithVolume } from "../cache/volume-limiter.ts";
import { Problem } from "../errors.ts";
import {
  deleteSet,
  isLive,
  PUBLISHED_FOLDER,
  readStamp,
  setName,
  stamp,
  writeMarker,
  writeSet,
} from "./files.ts";
import { type FoundSets, PublishedReader, type SetFile, type Unread } from "./reader.ts";

/** What published sites use. */
export interface Listing {
  /** No site has published here yet: everything is open. Once one has, it never is again, also while no set is live. */
  readonly neverPublished: boolean;
  /** Whether every published set could be read: what is not listed may be in one that could not. */
  readonly isComplete: boolean;
  /** Another value whenever what is listed has changed. */
  readonly edition: unknown;
  has(asked: ImageRequest): boolean;
}

/** What sites have published: the variants that `VARIANTS=listed` allows, budgets exempt and the GC keeps. */
export interface Published extends Listing {
  /** Whether any set is live. */
  readonly hasLive: boolean;
  /** How many sets cannot be read now. */
  readonly unread: number;
  /** Whether a live set uses the entry of this name, as far as sets can be read; see `isComplete`. */
  isPinned(name: string): boolean;
  /** Replaces the set and deletes the site's oldest. @throws InvalidBody for a bad name. */
  put(site: string, name: string, body: PublishedBody): Promise<void>;
  get(site: string, name: string): Promise<PublishedBody | undefined>;
  /** Names of a site's sets, newest first. */
  list(site: string): Promise<readonly string[]>;
  delete(site: string, name: string): Promise<void>;
  /** Something that other replicas hold in memory has changed. */
  announce(): Promise<void>;
  /** Looks now whether another replica has changed anything. @throws VolumeHung, or the system's error. */
  refresh(): Promise<void>;
  /** Stops looking. */
  close(): void;
}

/**
 * What cannot be read keeps its last known state, is reported, and is tried again at every look.
 * @throws VolumeHung, or the system's error, when the published folder cannot be read.
 */
export async function openPublished(options: {
  /** The cache's. */
  readonly folder: string;
  /** Sets that are no previews, of each site. */
  readonly keep: number;
  readonly defaultQuality: number;
  /** The file name of a variant's entry. */
  readonly nameOf: (variant: Variant) => string;
  /** Another replica has published or purged. */
  readonly changed: () => void;
  /** Called when other sets than before cannot be read, and with none when all can be. */
  readonly onUnread?: (unread: readonly Unread[]) => void;
  /** How work on the volume is done: it may hang. */
  readonly withVolume?: WithVolume;
  /** Begins as if nothing were published when the folder cannot be read, and learns more once it can be. */
  readonly startWithoutVolume?: boolean;
  /** Milliseconds between looks; 0 never looks by itself. */
  readonly lookMs?: number;
  readonly now?: () => number;
}): Promise<Published> {
  const { folder, keep, defaultQuality, nameOf, changed, onUnread, lookMs = 2_000, now = Date.now } = options;
  const { withVolume = (_, work) => work(), startWithoutVolume = false } = options;
  const reader = new PublishedReader(folder, withVolume);
  /** Stamps: what other replicas' changes were last passed on for, and what the state was read at. */
  const seen: { change?: string; state?: string } = {};
  let found: FoundSets = { files: [], unread: [], ever: false, isMarked: false };
  let state = stateOf(found, now());
  let loading: Promise<unknown> = Promise.resolve();

  async function loadNow(): Promise<void> {
    // First the stamp: what changes while the sets are read is read again at the next look.
    const at = await withVolume("read", () => readStamp(folder)).catch(() => undefined);
    const before = found;
    found = await reader.read();
    const isSame = found.files === before.files && found.ever === before.ever;
    if (!isSame || state.nextExpiry <= now()) state = stateOf(found, now());
    if (at === undefined || found.unread.length > 0) delete seen.state;
    else seen.state = at;
    if (pathsOf(found.unread) !== pathsOf(before.unread)) onUnread?.(found.unread);
    // Of a version that knew no mark: until it is written, the sites' folders say the same. Not waited for: who loads
    // may hold the volume's only place for writes.
    if (found.ever && !found.isMarked && found.unread.length === 0)
      void withVolume("write", () => writeMarker(folder)).catch(() => undefined);
  }

  /** One after the other: an older view must not replace a newer one. */
  function load(): Promise<void> {
    const loaded = loading.then(loadNow);
    loading = loaded;
    return loaded;
  }

  /** After a change of our own. */
  async function settle(): Promise<void> {
    await load();
    if (seen.state !== undefined) seen.change = seen.state;
  }

  async function refresh(): Promise<void> {
    const at = await withVolume("read", () => readStamp(folder));
    if (at !== seen.change) changed();
    seen.change = at;
    // A preview expires without an announcement.
    const hasExpired = state.nextExpiry <= now();
    if (at === seen.state && !hasExpired) return;
    await load();
    if (!hasExpired) return;
    await withVolume("write", () => deleteExpired(folder, found.files, now()));
    await settle();
  }

  /** For publishers, who ask what is there now. @throws Problem `busy` when the volume hangs. */
  async function readNow(): Promise<void> {
    await load();
    const hung = found.unread.find(({ error }) => error instanceof VolumeHung);
    if (hung !== undefined) throw new Problem("busy", { cause: hung.error });
  }

  /** Publishers get 503 when the volume hangs. */
  const asked: WithVolume = async (access, work) => {
    try {
      return await withVolume(access, work);
    } catch (error) {
      throw error instanceof VolumeHung ? new Problem("busy", { cause: error }) : error;
    }
  };

  await settle();
  const failure = found.unread.find(({ path }) => path === PUBLISHED_FOLDER);
  if (failure !== undefined && !startWithoutVolume) throw failure.error;

  let looking = false;
  const timer =
    lookMs === 0
      ? undefined
      : every(() => {
          // A hung volume must not gather a queue of looks.
          if (looking) return;
          looking = true;
          refresh()
            .catch(() => undefined)
            .finally(() => {
              looking = false;
            });
        }, lookMs).unref();

  return {
    get neverPublished() {
      return !found.ever;
    },
    get isComplete() {
      return found.unread.length === 0;
    },
    get hasLive() {
      return state.queries.size > 0;
    },
    get unread() {
      return found.unread.length;
    },
    get edition() {
      return state;
    },
    has: (asked) => state.queries.has(formatPublished(asked)),
    isPinned: (name) => state.pins.has(name),
    async put(site, name, { images, expires }) {
      checkNames(site, name);
      const canonical = Object.fromEntries(
        Object.entries(images).map(([key, list]) => [key, list.map(canonicalQuery)]),
      );
      const pins = Object.values(canonical)
        .flat()
        .flatMap((query) => pinsOf(query, defaultQuality, nameOf));
      const until = expires === undefined ? {} : { until: now() + expires * 1000 };
      await asked("write", async () => {
        await load();
        const newest = newestFirst(found.files, site)[0]?.made ?? 0;
        // A clock that went back must not make the newest set the oldest, which goes next.
        const made = Math.max(now(), newest + 1);
        await writeSet(folder, { site, name, made, ...until, images: canonical, pins });
        await load();
        await prune(folder, found.files, site, keep);
        await settle();
      });
    },
    async get(site, name) {
      checkNames(site, name);
      await readNow();
      const file = found.files.find((one) => one.site === site && one.name === name);
      if (file !== undefined && file.set === undefined) throw unreadable(found.unread, site, name);
      if (file?.set === undefined || !isLive(file.set, now())) return undefined;
      const { images, until } = file.set;
      return { images, ...(until !== undefined && { expires: Math.ceil((until - now()) / 1000) }) };
    },
    async list(site) {
      checkNames(site);
      await readNow();
      return newestFirst(found.files, site).map((set) => set.name);
    },
    async delete(site, name) {
      checkNames(site, name);
      await asked("write", async () => {
        await deleteSet(folder, site, name);
        await settle();
      });
    },
    announce: () =>
      asked("write", async () => {
        await stamp(folder);
        seen.change = await readStamp(folder);
      }),
    refresh,
    close: () => clearInterval(timer),
  };
}

// --- sets ---

function checkNames(...names: readonly string[]): void {
  for (const name of names)
    if (!setName.test(name))
      throw new InvalidBody(
        "the names of site and set take up to 64 letters, digits, dots, dashes and underscores",
      );
}

/** However it was written: what a request is compared with. */
function canonicalQuery(query: string): string {
  return formatPublished(parseQuery(query));
}

function newestFirst(files: readonly SetFile[], site: string): SetFile[] {
  return files.filter((file) => file.site === site).sort((a, b) => b.made - a.made);
}

/** A damaged file counts as what it may be: newer sets take its place in the end. */
async function prune(folder: string, files: readonly SetFile[], site: string, keep: number): Promise<void> {
  const lasting = newestFirst(files, site).filter(({ set }) => set?.until === undefined);
  for (const { name } of lasting.slice(keep)) await deleteSet(folder, site, name);
}

async function deleteExpired(folder: string, files: readonly SetFile[], now: number): Promise<void> {
  for (const { site, name, set } of files)
    if (set !== undefined && !isLive(set, now)) await deleteSet(folder, site, name);
}

function unreadable(unread: readonly Unread[], site: string, name: string): Problem {
  const cause = unread.find(({ path }) => path.endsWith(`/${site}/${name}.json`))?.error;
  return new Problem("internal", { detail: "The set cannot be read; publish it again or delete it.", cause });
}

// --- state ---

/** What the live sets name; another object whenever that may have changed. */
interface State {
  readonly queries: ReadonlySet<string>;
  readonly pins: ReadonlySet<string>;
  /** When the next preview expires, milliseconds since 1970. */
  readonly nextExpiry: number;
}

function stateOf({ files }: FoundSets, now: number): State {
  const live = files.flatMap(({ set }) => (set !== undefined && isLive(set, now) ? [set] : []));
  return {
    queries: new Set(live.flatMap((set) => Object.values(set.images).flat())),
    pins: new Set(live.flatMap((set) => set.pins)),
    nextExpiry: Math.min(...live.map(({ until = Number.POSITIVE_INFINITY }) => until)),
  };
}

function pathsOf(unread: readonly Unread[]): string {
  return unread.map(({ path }) => path).join("\n");
}

// --- pins ---

/** One query without `fm` has an entry for each class of reader. */
function pinsOf(query: string, defaultQuality: number, nameOf: (variant: Variant) => string): string[] {
  const asked: ImageRequest = parseQuery(query);
  const { key, width, quality = defaultQuality, format } = asked;
  if (isOriginal(asked) || format === "json") return [];
  const classes: readonly VariantClass[] = format === undefined ? readerClasses : [format];
  return classes.map((one) => nameOf({ key, quality, class: one, ...(width !== undefined && { width }) }));
}
