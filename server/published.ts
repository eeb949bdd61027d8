import { setInterval as every } from "node:timers";
import { InvalidBody, type PublishedBody } from "../contract/api.ts";
import { formatPublished, type ImageRequest, isOriginal, parseQuery } from "../contract/request.ts";
import type { Listing } from "./access.ts";
import type { Variant, VariantClass } from "./cache/cache.ts";
import { type Reach, VolumeHung } from "./cache/volume.ts";
import { Problem } from "./errors.ts";
import {
  deleteSet,
  isLive,
  readSet,
  readSets,
  readStamp,
  type StoredSet,
  setName,
  stamp,
  writeSet,
} from "./published-files.ts";

/** What sites have published: the variants that `VARIANTS=listed` allows, budgets exempt and the GC keeps. */
export interface Published extends Listing {
  /** Replaces the set and lets the site's oldest go. @throws InvalidBody for a name that is none. */
  put(site: string, name: string, body: PublishedBody): Promise<void>;
  get(site: string, name: string): Promise<PublishedBody | undefined>;
  /** Names of a site's sets, newest first. */
  list(site: string): Promise<readonly string[]>;
  delete(site: string, name: string): Promise<void>;
  /** Something that other replicas hold in memory has changed. */
  announce(): Promise<void>;
  /** Looks now whether another replica has changed anything. */
  refresh(): Promise<void>;
  /** Stops looking. */
  close(): void;
}

/** @throws VolumeHung, or the system's error when the volume cannot be read. */
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
  /** How work on the volume is done: it may hang. */
  readonly reach?: Reach;
  /** Begins as if nothing were published when the volume hangs, and learns more once it answers. */
  readonly startWithoutVolume?: boolean;
  /** Milliseconds between looks; 0 never looks by itself. */
  readonly lookMs?: number;
  readonly now?: () => number;
}): Promise<Published> {
  const { folder, keep, defaultQuality, nameOf, changed, lookMs = 2_000, now = Date.now } = options;
  const { reach = (_, work) => work(), startWithoutVolume = false } = options;
  let seen: string | undefined;
  let sets: readonly StoredSet[] = [];
  let queries: ReadonlySet<string> = new Set();

  async function load(): Promise<void> {
    sets = await readSets(folder);
    queries = new Set(
      sets.filter((set) => isLive(set, now())).flatMap((set) => Object.values(set.images).flat()),
    );
  }

  async function settle(): Promise<void> {
    seen = await readStamp(folder);
    await load();
  }

  async function refresh(): Promise<void> {
    const stampNow = await reach("read", () => readStamp(folder));
    // A preview expires without anybody announcing it.
    const expired = sets.some((set) => !isLive(set, now()));
    if (stampNow === seen && !expired) return;
    if (expired) await expire(folder, sets, now());
    if (stampNow !== seen) changed();
    await settle();
  }

  /** Whoever publishes is told to come again when the volume hangs. */
  const asked: Reach = async (access, work) => {
    try {
      return await reach(access, work);
    } catch (error) {
      throw error instanceof VolumeHung ? new Problem("busy", { cause: error }) : error;
    }
  };

  try {
    await reach("read", settle);
  } catch (error) {
    if (!startWithoutVolume || !(error instanceof VolumeHung)) throw error;
  }
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
    get empty() {
      return queries.size === 0;
    },
    get edition() {
      return queries;
    },
    has: (asked) => queries.has(formatPublished(asked)),
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
        await writeSet(folder, { site, name, made: now(), ...until, images: canonical, pins });
        await prune(folder, site, keep);
        await settle();
      });
    },
    async get(site, name) {
      checkNames(site, name);
      const set = await asked("read", () => readSet(folder, site, name));
      if (set === undefined || !isLive(set, now())) return undefined;
      const { images, until } = set;
      return { images, ...(until !== undefined && { expires: Math.ceil((until - now()) / 1000) }) };
    },
    async list(site) {
      checkNames(site);
      return newestFirst(await asked("read", () => readSets(folder)), site).map((set) => set.name);
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
        seen = await readStamp(folder);
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

function newestFirst(sets: readonly StoredSet[], site: string): StoredSet[] {
  return sets.filter((set) => set.site === site).sort((a, b) => b.made - a.made);
}

async function prune(folder: string, site: string, keep: number): Promise<void> {
  const lasting = newestFirst(await readSets(folder), site).filter((set) => set.until === undefined);
  for (const set of lasting.slice(keep)) await deleteSet(folder, site, set.name);
}

async function expire(folder: string, sets: readonly StoredSet[], now: number): Promise<void> {
  for (const set of sets) if (!isLive(set, now)) await deleteSet(folder, set.site, set.name);
}

// --- pins ---

const autoClasses = ["auto", "auto-w", "auto-a", "auto-aw"] as const satisfies readonly VariantClass[];

/** One query without `fm` has an entry for each class of reader. */
function pinsOf(query: string, defaultQuality: number, nameOf: (variant: Variant) => string): string[] {
  const asked: ImageRequest = parseQuery(query);
  const { key, width, quality = defaultQuality, format } = asked;
  if (isOriginal(asked) || format === "json") return [];
  const classes: readonly VariantClass[] = format === undefined ? autoClasses : [format];
  return classes.map((one) => nameOf({ key, quality, class: one, ...(width !== undefined && { width }) }));
}
