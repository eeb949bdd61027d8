import { dirname, join } from "node:path";
import type { FailOpen } from "../fail-open.ts";
import { isAbsent, namesIn, remove, takeLease } from "../files.ts";
import { leaseName, pathOf, recordName, sourceHash } from "../name.ts";
import { longestUnused } from "./recency.ts";

const LEASE_MS = 600_000;

/** The files of one source: they are in one folder, and their names begin with the source's hash. */
export class SourceFiles {
  readonly #root: string;
  readonly #namespace: string;
  readonly #failOpen: FailOpen;
  readonly #now: () => number;

  /** @param now milliseconds since 1970. */
  constructor(root: string, namespace: string, failOpen: FailOpen, now: () => number) {
    this.#root = root;
    this.#namespace = namespace;
    this.#failOpen = failOpen;
    this.#now = now;
  }

  /** Names of its variants; undefined if the volume does not answer. */
  async entriesOf(key: string): Promise<readonly string[] | undefined> {
    const record = recordName(key, this.#namespace);
    return (await this.#namesOf(key))?.filter((name) => name !== record);
  }

  /** Deletes its variants and its source entry; returns the number of variants. */
  async purge(key: string): Promise<number | undefined> {
    const record = recordName(key, this.#namespace);
    const names = await this.#namesOf(key);
    if (names === undefined) return undefined;
    let purged = 0;
    for (const name of names) {
      const gone = await this.#failOpen.try("write", () => remove(pathOf(this.#root, name)).then(() => true));
      if (gone && name !== record) purged++;
    }
    return purged;
  }

  /** Under the limit for writes, which nobody waits for: it may have to check a thousand files. */
  async evict(names: readonly string[], count: number): Promise<number> {
    const evicted = await this.#failOpen.try("write", async () => {
      const paths = names.map((name) => pathOf(this.#root, name));
      const going = count >= paths.length ? paths : await longestUnused(paths, count);
      for (const path of going) await remove(path);
      return going.length;
    });
    return evicted ?? 0;
  }

  async lease(key: string): Promise<boolean> {
    const path = this.#leaseOf(key);
    const taken = await this.#failOpen.try("write", () =>
      takeLease(path, new Date(this.#now()), LEASE_MS).catch((error: unknown) => {
        if (isAbsent(error)) return false;
        throw error;
      }),
    );
    return taken ?? false;
  }

  async release(key: string): Promise<void> {
    await this.#failOpen.try("write", () => remove(this.#leaseOf(key)));
  }

  async #namesOf(key: string): Promise<string[] | undefined> {
    const hash = sourceHash(key, this.#namespace);
    const names = await this.#failOpen.try("read", () => namesIn(this.#folderOf(key)));
    return names?.filter((name) => name.startsWith(`${hash}.`));
  }

  #leaseOf(key: string): string {
    return join(this.#folderOf(key), leaseName(key, this.#namespace));
  }

  #folderOf(key: string): string {
    return dirname(pathOf(this.#root, sourceHash(key, this.#namespace)));
  }
}
