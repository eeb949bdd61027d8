import { InvalidBody } from "../../contract/api.ts";
import { formatPublished, type ImageRequest } from "../../contract/url/request.ts";
import type { Variant } from "../cache/cache.ts";
import { VolumeHung, type WithVolume } from "../cache/volume-limiter.ts";
import { Problem } from "../errors.ts";
import { deleteAbandoned, deleteSet, PUBLISHED_FOLDER, setName, stamp, writeMarker } from "./files.ts";
import { Follower, type FollowOptions } from "./follow.ts";
import { isLive, readImages, readMembers } from "./read-set.ts";
import type { SetFile, Unread } from "./reader.ts";
import { currentSets, usedNames } from "./used.ts";
import { writeSet } from "./write-set.ts";

/** The variants that published sites use. */
export interface Listing {
  /** No site has published here yet: everything is open. After the first publish it is never open again, also while no set is live. */
  readonly neverPublished: boolean;
  /** Whether every published set could be read: an unlisted variant may be in one that could not. */
  readonly isComplete: boolean;
  /** A value that changes whenever the listed variants change. */
  readonly edition: unknown;
  has(asked: ImageRequest): boolean;
}

/** Published sets: `VARIANTS=listed` allows their variants, budgets do not count them, and the GC keeps them. */
export interface Published extends Listing {
  /** Whether any set is live. */
  readonly hasLive: boolean;
  /** Number of sets that cannot be read now. */
  readonly unread: number;
  /** All live sets, newest first. */
  readonly sets: readonly SetInfo[];
  /** Whether a live set uses the entry of this name, as far as the sets can be read; see `isComplete`. */
  isPinned(name: string): boolean;
  /**
   * Replaces the set and deletes the site's oldest.
   * @param body JSON of a PublishedBody, while it arrives.
   * @throws InvalidBody; Problem `busy` when the volume hangs; the body's errors.
   */
  put(site: string, name: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** JSON of a PublishedBody, part by part. */
  get(site: string, name: string): Promise<AsyncGenerator<string> | undefined>;
  /**
   * What posts use now in a folder (empty, or a name with its slash), by the newest set of each site and its previews: keys, and
   * folders directly below with their slash, which may be repeated.
   * @throws Problem if any set cannot be read: it may name anything.
   */
  usedIn(folder: string): Promise<{ readonly sets: number; readonly names: AsyncGenerator<string> }>;
  /**
   * The newest set of each site, without previews, with its photographs and their canonical queries.
   * @throws Problem if any set cannot be read.
   */
  sitesNow(): Promise<readonly SiteNow[]>;
  /** Names of a site's sets, newest first. */
  list(site: string): Promise<readonly string[]>;
  delete(site: string, name: string): Promise<void>;
  /** Tells other replicas that something in their memory is outdated. */
  announce(): Promise<void>;
  /** Checks now whether another replica has changed anything. @throws VolumeHung, or the system's error. */
  refresh(): Promise<void>;
  /** Stops following. */
  close(): void;
}

/** A live set. Times are milliseconds since 1970. */
export interface SetInfo {
  readonly site: string;
  readonly name: string;
  readonly made: number;
  /** Undefined for a set that is not a preview. */
  readonly until?: number;
  /** Number of its photographs. */
  readonly images: number;
}

export interface SiteNow extends Pick<SetInfo, "site" | "images"> {
  /** It is read from the volume, as memory has only hashes. @throws as {@link readMembers} does. */
  read(): Promise<AsyncGenerator<readonly [key: string, queries: unknown]>>;
}

export interface PublishedOptions extends Omit<FollowOptions, "withVolume" | "now"> {
  /** Sets to keep of each site, without previews. */
  readonly keep: number;
  readonly defaultQuality: number;
  /** The file name of a variant's entry. */
  readonly nameOf: (variant: Variant) => string;
  readonly withVolume?: WithVolume;
  /** If the folder cannot be read, it starts as if nothing were published, and reads it once it can. */
  readonly startWithoutVolume?: boolean;
  /** Milliseconds between looks; 0 never looks. */
  readonly lookMs?: number;
  readonly now?: () => number;
}

/**
 * Opens the published sets on a volume, and follows them.
 * @throws VolumeHung, or the system's error, if the published folder cannot be read.
 */
export async function openPublished(options: PublishedOptions): Promise<Published> {
  const { folder, keep, defaultQuality, nameOf, lookMs = 2_000, now = Date.now } = options;
  const { withVolume = (_, work) => work(), startWithoutVolume = false } = options;
  const follower = new Follower({ ...options, withVolume, now });

  await follower.settle();
  const failure = follower.found.unread.find(({ path }) => path === PUBLISHED_FOLDER);
  if (failure !== undefined && !startWithoutVolume) throw failure.error;
  const close = lookMs === 0 ? () => undefined : follower.refreshEvery(lookMs);

  /** If the clock went back, the newest set must not become the oldest, which is deleted next. */
  async function nextMade(site: string): Promise<number> {
    await follower.load();
    const newest = newestFirst(follower.found.files, site)[0]?.made ?? 0;
    return Math.max(now(), newest + 1);
  }

  /** The site's newest sets stay. A damaged file counts as a set: newer sets replace it in the end. */
  async function prune(site: string): Promise<void> {
    const lasting = newestFirst(follower.found.files, site).filter(({ set }) => set?.until === undefined);
    for (const { name } of lasting.slice(keep)) await deleteSet(folder, site, name);
    await deleteAbandoned(folder, now());
  }

  /** For publishers, who need the current state. @throws VolumeHung */
  async function readNow(): Promise<void> {
    await follower.load();
    const hung = follower.found.unread.find(({ error }) => error instanceof VolumeHung);
    if (hung !== undefined) throw hung.error;
  }

  async function currentNow(): Promise<readonly SetFile[]> {
    await busyWhenHung(readNow);
    const { files, unread } = follower.found;
    if (unread[0] !== undefined) throw unreadable(unread[0].error);
    return currentSets(files, now());
  }

  return {
    get neverPublished() {
      return !follower.found.ever;
    },
    get isComplete() {
      return follower.found.unread.length === 0;
    },
    get hasLive() {
      return follower.state.live.some(({ queries }) => queries.size > 0);
    },
    get unread() {
      return follower.found.unread.length;
    },
    get edition() {
      return follower.state;
    },
    has(asked) {
      const query = formatPublished(asked);
      return follower.state.live.some(({ queries }) => queries.has(query));
    },
    get sets() {
      const live = follower.found.files.flatMap(({ site, name, set }) => {
        if (set === undefined || !isLive(set, now())) return [];
        const { made, until, images } = set;
        return [{ site, name, made, images, ...(until !== undefined && { until }) }];
      });
      return live.sort((a, b) => b.made - a.made);
    },
    isPinned: (name) => follower.state.live.some(({ pins }) => pins.has(name)),
    async put(site, name, body) {
      checkNames(site, name);
      await busyWhenHung(async () => {
        const made = () => nextMade(site);
        await writeSet({ folder, site, name, withVolume, body, defaultQuality, nameOf, made, now });
        await withVolume("write", async () => {
          await writeMarker(folder);
          await stamp(folder);
        });
        await follower.load();
        await withVolume("write", () => prune(site));
        await follower.settle();
      });
    },
    async get(site, name) {
      checkNames(site, name);
      await busyWhenHung(readNow);
      const { files, unread } = follower.found;
      const file = files.find((one) => one.site === site && one.name === name);
      const failed = unread.find(({ path }) => path.endsWith(`/${site}/${name}.json`));
      if (file !== undefined && failed !== undefined) throw unreadable(failed.error);
      if (file?.set === undefined || !isLive(file.set, now())) return undefined;
      const { until } = file.set;
      const expires = until === undefined ? undefined : Math.ceil((until - now()) / 1000);
      return bodyOf(await busyWhenHung(() => readImages({ folder, site, name, withVolume })), expires);
    },
    async usedIn(below) {
      const sets = await currentNow();
      return { sets: sets.length, names: usedNames(sets, below, { folder, withVolume }) };
    },
    async sitesNow() {
      return (await currentNow()).flatMap(({ site, name, set }) => {
        if (set === undefined || set.until !== undefined) return [];
        return [{ site, images: set.images, read: () => readMembers({ folder, site, name, withVolume }) }];
      });
    },
    async list(site) {
      checkNames(site);
      await busyWhenHung(readNow);
      return newestFirst(follower.found.files, site).map((set) => set.name);
    },
    async delete(site, name) {
      checkNames(site, name);
      await busyWhenHung(async () => {
        await withVolume("write", () => deleteSet(folder, site, name));
        await follower.settle();
      });
    },
    announce: () => busyWhenHung(() => withVolume("write", () => follower.announce())),
    refresh: () => follower.refresh(),
    close,
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

function newestFirst(files: readonly SetFile[], site: string): SetFile[] {
  return files.filter((file) => file.site === site).sort((a, b) => b.made - a.made);
}

async function* bodyOf(images: AsyncGenerator<string>, expires: number | undefined): AsyncGenerator<string> {
  yield '{"images":';
  yield* images;
  yield expires === undefined ? "}\n" : `,"expires":${expires}}\n`;
}

// --- failures ---

/** Publishers get 503 when the volume hangs. @throws Problem `busy` */
async function busyWhenHung<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof VolumeHung ? new Problem("busy", { cause: error }) : error;
  }
}

function unreadable(cause: Unread["error"]): Problem {
  return new Problem("internal", { detail: "The set cannot be read; publish it again or delete it.", cause });
}
