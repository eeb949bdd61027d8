import { setInterval as every } from "node:timers";
import type { WithVolume } from "../cache/volume-limiter.ts";
import { deleteSet, readStamp, stamp, writeMarker } from "./files.ts";
import { isLive, type PublishedSet } from "./read-set.ts";
import {
  type FoundSets,
  isSystemError,
  liveSets,
  PublishedReader,
  type SetFile,
  type Unread,
} from "./reader.ts";

export interface FollowOptions {
  /** The cache folder. */
  readonly folder: string;
  /** Runs work on the volume, which may hang. */
  readonly withVolume: WithVolume;
  /** Called when another replica has published or purged. */
  readonly changed: () => void;
  /** Called when the sets that cannot be read change, and with none when all can be read again. */
  readonly onUnread?: (unread: readonly Unread[]) => void;
  readonly now: () => number;
}

/** The content of the live sets; another object whenever it may have changed. */
export interface State {
  /** The newest first. */
  readonly live: readonly PublishedSet[];
  /** When the next preview expires, milliseconds since 1970. */
  readonly nextExpiry: number;
}

/**
 * Follows the publishes of all replicas on the volume. A set that cannot be read keeps its last known state, is reported, and
 * is tried again at every look.
 */
export class Follower {
  found: FoundSets = { files: [], unread: [], ever: false, isMarked: false };
  state: State = { live: [], nextExpiry: Number.POSITIVE_INFINITY };
  readonly #options: FollowOptions;
  readonly #reader: PublishedReader;
  /** Stamps: the one at the last call of `onChange`, and the one at which the state was read. */
  readonly #seen: { change?: string; state?: string } = {};
  #hasLoaded = false;
  #loading: Promise<unknown> = Promise.resolve();

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#reader = new PublishedReader(options.folder, options.withVolume);
  }

  /** Reads what has changed. Loads run one after the other: an older state must not replace a newer one. */
  load(): Promise<void> {
    const loaded = this.#loading.then(() => this.#loadNow());
    this.#loading = loaded;
    return loaded;
  }

  /** The same, after a change by this replica. */
  async settle(): Promise<void> {
    await this.load();
    if (this.#seen.state !== undefined) this.#seen.change = this.#seen.state;
  }

  /** Checks whether another replica has changed anything, and whether a preview has expired. @throws VolumeHung, or the system's error. */
  async refresh(): Promise<void> {
    const { folder, withVolume, changed, now } = this.#options;
    const at = await withVolume("read", () => readStamp(folder));
    if (at !== this.#seen.change) changed();
    this.#seen.change = at;
    // A preview expires without a new stamp.
    const hasExpired = this.state.nextExpiry <= now();
    if (at === this.#seen.state && !hasExpired) return;
    await this.load();
    if (!hasExpired) return;
    await withVolume("write", () => deleteExpired(folder, this.found.files, now()));
    await this.settle();
  }

  /** Notifies the other replicas. @throws the system's error. */
  async announce(): Promise<void> {
    const { folder } = this.#options;
    await stamp(folder);
    this.#seen.change = await readStamp(folder);
  }

  /** @returns a function that stops it. */
  refreshEvery(milliseconds: number): () => void {
    let looking = false;
    const timer = every(() => {
      // A hung volume must not collect a queue of looks.
      if (looking) return;
      looking = true;
      this.refresh()
        .catch(() => undefined)
        .finally(() => {
          looking = false;
        });
    }, milliseconds).unref();
    return () => clearInterval(timer);
  }

  async #loadNow(): Promise<void> {
    const { folder, withVolume, onUnread, now } = this.#options;
    // First the stamp: a change during the read is read again at the next look.
    const at = await withVolume("read", () => readStamp(folder)).catch(() => undefined);
    const before = this.found;
    const read = await this.#reader.read();
    const found = this.#isYetToCome(read) ? { ...read, ever: false } : read;
    this.found = found;
    this.#hasLoaded = true;
    const isSame = found.files === before.files && found.ever === before.ever;
    if (!isSame || this.state.nextExpiry <= now()) this.state = stateOf(found, now());
    if (at === undefined || found.unread.length > 0) delete this.#seen.state;
    else this.#seen.state = at;
    if (pathsOf(found.unread) !== pathsOf(before.unread)) onUnread?.(found.unread);
    // An earlier version had no mark: until it is written, the sites' folders have the same meaning. Nothing waits for it.
    if (found.ever && !found.isMarked && found.unread.length === 0)
      void withVolume("write", () => writeMarker(folder)).catch(() => undefined);
  }

  /**
   * The first set of all is there, but the volume is too slow or hangs, so that nothing is known of it: what was open stays
   * so until it is read. At a start nothing was open, and a set that is damaged is no set to wait for.
   */
  #isYetToCome({ files, unread }: FoundSets): boolean {
    if (!this.#hasLoaded || this.found.ever || unread.length === 0) return false;
    return files.every(({ set }) => set === undefined) && unread.every(({ error }) => isSystemError(error));
  }
}

function stateOf({ files }: FoundSets, now: number): State {
  const live = liveSets(files, now);
  const nextExpiry = Math.min(...live.map(({ until = Number.POSITIVE_INFINITY }) => until));
  return { live, nextExpiry };
}

function pathsOf(unread: readonly Unread[]): string {
  return unread.map(({ path }) => path).join("\n");
}

async function deleteExpired(folder: string, files: readonly SetFile[], now: number): Promise<void> {
  for (const { site, name, set } of files)
    if (set !== undefined && !isLive(set, now)) await deleteSet(folder, site, name);
}
