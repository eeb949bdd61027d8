import { resolve } from "node:path";
import { createTurns } from "../concurrency/turns.ts";
import type { CacheFailure } from "../telemetry/metrics.ts";
import { type IsOfPublish, isAtLeastAsGood } from "./at-least-as-good.ts";
import type { Entry, EntryMeta, SourceRecord, SourceRecords, Variant, VariantCache } from "./cache.ts";
import { CannotCache } from "./cannot-cache.ts";
import {
  type EntryHead,
  formatEntry,
  formatRecord,
  HEAD_BYTES,
  parseEntry,
  parseHead,
  parseRecord,
} from "./entry.ts";
import { FailOpen } from "./fail-open.ts";
import { isAbsent, makeFolder, namesIn, publish, remove, touch } from "./files.ts";
import { pathOf, pathParts, recordName, variantName } from "./name.ts";
import { Quota, type QuotaOptions } from "./quota.ts";
import { type FileFacts, type FileRead, readStart } from "./read.ts";
import { countSources } from "./sources/count-sources.ts";
import { SourceFiles } from "./sources/source-files.ts";
import {
  type Access,
  VolumeHung,
  VolumeLimiter,
  type VolumeLimiterOptions,
  type WithVolume,
} from "./volume-limiter.ts";

export interface DiskCacheOptions {
  /** On one volume for all replicas; created if it does not exist. */
  readonly folder: string;
  /** Keeps apart two storages with the same keys; see name.ts. */
  readonly namespace?: string;
  /** Called once for each failure, with the system's error. */
  readonly onFailure?: (failure: CacheFailure, error: unknown) => void;
  /** Above it nothing is stored until a sweep has made room; if undefined, only the volume limits the cache. */
  readonly budget?: QuotaOptions;
  /** After a failed write, nothing is written for this time: a full disk must not be tried for every reader. */
  readonly restMs?: number;
  readonly volume?: VolumeLimiterOptions;
  /** Default: none was. */
  readonly isOfPublish?: IsOfPublish;
  /** Milliseconds since 1970. A test's clock also measures durations; otherwise the monotonic clock does. */
  readonly now?: () => number;
}

export interface DiskCache extends VariantCache, SourceRecords {
  /**
   * Runs other I/O on the volume under the same concurrency limit as the entries: each hung call holds one of libuv's four
   * threads.
   */
  readonly withVolume: WithVolume;
}

/** Minimum time between two recorded uses of an entry. */
const TOUCH_MS = 3_600_000;

/**
 * One file for each entry, in a folder that replicas can share. A hung volume is not waited for: readers get their images
 * without it, and it is used again once it answers.
 * @throws CannotCache if there is no such folder and it cannot be created.
 */
export async function createDiskCache(options: DiskCacheOptions): Promise<DiskCache> {
  const disk = new Disk(options);
  await disk.makeFolder();
  return disk;
}

/** Path of an entry, and the last known state of its file: the fast path asks with the same variant object each time. */
interface Place {
  readonly name: string;
  readonly path: string;
  known?: FileFacts;
}

class Disk implements DiskCache {
  readonly #root: string;
  readonly #namespace: string;
  readonly #fail: (failure: CacheFailure, error: unknown) => void;
  readonly #now: () => number;
  readonly #isOfPublish: IsOfPublish;
  readonly #volume: VolumeLimiter;
  readonly #failOpen: FailOpen;
  readonly #budget: Quota | undefined;
  readonly #sources: SourceFiles;
  readonly #places = new WeakMap<Variant, Place>();
  readonly #inTurn = createTurns();

  constructor(options: DiskCacheOptions) {
    this.#root = options.folder;
    this.#namespace = options.namespace ?? "";
    this.#fail = options.onFailure ?? (() => {});
    this.#now = options.now ?? Date.now;
    this.#isOfPublish = options.isOfPublish ?? (() => false);
    const elapsed = options.now ?? (() => performance.now());
    this.#volume = new VolumeLimiter(options.volume);
    this.#failOpen = new FailOpen({
      volume: this.#volume,
      onFailure: this.#fail,
      now: elapsed,
      restMs: options.restMs ?? 30_000,
    });
    this.#sources = new SourceFiles(this.#root, this.#namespace, this.#failOpen, this.#now);
    this.#budget = options.budget && new Quota(this.#root, options.budget, elapsed);
  }

  async makeFolder(): Promise<void> {
    try {
      await this.#volume.run("read", () => makeFolder(resolve(this.#root)));
    } catch (error) {
      if (!(error instanceof VolumeHung)) throw new CannotCache(this.#root, error);
      this.#failOpen.tell(error);
    }
  }

  nameOf(variant: Variant): string {
    return variantName(variant, this.#namespace);
  }

  withVolume<Value>(access: Access, work: () => Promise<Value>): Promise<Value> {
    return this.#volume.run(access, work);
  }

  read(variant: Variant): Promise<Entry | undefined> {
    const place = this.#places.get(variant) ?? this.#place(this.nameOf(variant));
    this.#places.set(variant, place);
    return this.#read(place, parseEntry);
  }

  async readMeta(variant: Variant): Promise<EntryMeta | undefined> {
    const { path, head, parsed } = await this.#readHead(variant);
    if (head !== undefined && parsed !== undefined) this.#used(path, head.modifiedMs);
    return parsed?.meta;
  }

  async bytesOf(variant: Variant): Promise<number | undefined> {
    const { parsed } = await this.#readHead(variant);
    return parsed?.meta.substitute === false ? parsed.bodyBytes : undefined;
  }

  write(variant: Variant, entry: Entry): Promise<boolean> {
    const name = this.nameOf(variant);
    return this.#failOpen.write(async () => {
      // Two CephFS clients that replace each other's files wait for the MDS's journal, up to 5 s for each call.
      if (await this.#has(name, entry)) return;
      await this.#store(name, formatEntry(name, entry));
    });
  }

  readRecord(key: string): Promise<SourceRecord | undefined> {
    return this.#read(this.#place(recordName(key, this.#namespace)), parseRecord);
  }

  changeRecord(
    key: string,
    change: (record: SourceRecord | undefined) => SourceRecord | undefined,
  ): Promise<boolean> {
    const name = recordName(key, this.#namespace);
    const work = async (): Promise<void> => {
      const record = change(await this.#recordNow(name));
      if (record !== undefined) await this.#store(name, formatRecord(name, record));
    };
    return this.#inTurn(name, () => this.#failOpen.write(work));
  }

  purge(key: string): Promise<number | undefined> {
    return this.#sources.purge(key);
  }

  entriesOf(key: string): Promise<readonly string[] | undefined> {
    return this.#sources.entriesOf(key);
  }

  countSources(): Promise<number | undefined> {
    // Each folder is a piece of work of its own, so that readers can go between.
    const list = (folder: string) => this.#volume.run("read", () => namesIn(folder));
    return countSources(this.#root, list).catch((error: unknown) => {
      this.#failOpen.tell(error);
      return undefined;
    });
  }

  lease(key: string): Promise<boolean> {
    return this.#sources.lease(key);
  }

  release(key: string): Promise<void> {
    return this.#sources.release(key);
  }

  evict(names: readonly string[], count: number): Promise<number> {
    return this.#sources.evict(names, count);
  }

  // --- one file ---

  async #read<Value>(
    place: Place,
    parse: (name: string, file: Buffer) => Value | undefined,
  ): Promise<Value | undefined> {
    const { path } = place;
    const known =
      place.known !== undefined && this.#isRecent(place.known.modifiedMs) ? place.known : undefined;
    const file = await this.#failOpen.try("read", () => readStart(path, { known }));
    if (file === undefined) return undefined;
    const value = file.bytes && parse(place.name, file.bytes);
    if (value === undefined) {
      this.#fail("corrupt", undefined);
      // Not waited for: a good entry that a replica stores at this moment is lost, which is one more miss.
      void this.#failOpen.try("write", () => remove(path));
    } else {
      place.known = { size: file.size, modifiedMs: file.modifiedMs };
      this.#used(path, file.modifiedMs);
    }
    return value;
  }

  #used(path: string, modifiedMs: number): void {
    if (!this.#isRecent(modifiedMs))
      void this.#failOpen.try("write", () => touch(path, new Date(this.#now())));
  }

  /** An entry of a replica whose clock is far ahead is not fresh either. */
  #isRecent(modifiedMs: number): boolean {
    return Math.abs(this.#now() - modifiedMs) < TOUCH_MS;
  }

  async #has(name: string, { meta }: Entry): Promise<boolean> {
    const file = await readStart(pathOf(this.#root, name)).catch(() => undefined);
    const stored = file?.bytes && parseEntry(name, file.bytes);
    return stored !== undefined && isAtLeastAsGood(stored.meta, meta, this.#isOfPublish);
  }

  /** A record that cannot be read must not be taken for none: what it says would be lost. */
  async #recordNow(name: string): Promise<SourceRecord | undefined> {
    const file = await readStart(pathOf(this.#root, name)).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    return file?.bytes && parseRecord(name, file.bytes);
  }

  async #store(name: string, bytes: Buffer): Promise<void> {
    if (this.#budget !== undefined && !(await this.#budget.admits(bytes.length)))
      throw Object.assign(new Error("the cache has reached its limit"), { code: "ENOSPC" });
    await publish(this.#root, pathParts(name), bytes, new Date(this.#now()));
    this.#budget?.stored(bytes.length);
  }

  async #readHead(variant: Variant): Promise<{ path: string; head?: FileRead; parsed?: EntryHead }> {
    const name = this.nameOf(variant);
    const path = pathOf(this.#root, name);
    const head = await this.#failOpen.try("read", () => readStart(path, { most: HEAD_BYTES }));
    if (head === undefined) return { path };
    const parsed = head.bytes && parseHead(name, head.bytes, head.size);
    return { path, head, ...(parsed !== undefined && { parsed }) };
  }

  #place(name: string): Place {
    return { name, path: pathOf(this.#root, name) };
  }
}
