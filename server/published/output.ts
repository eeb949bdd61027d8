import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { createTemporary, type TemporaryFile } from "../cache/files.ts";
import type { WithVolume } from "../cache/volume-limiter.ts";
import { PUBLISHED_FOLDER, setParts } from "./files.ts";
import type { SetPlace } from "./read-set.ts";

const CHUNK_BYTES = 256 * 2 ** 10;

/**
 * Text that becomes a set's file, or a part of it, whole or not at all. Each call on the volume is separate: the body can take
 * minutes to arrive, and the volume has one slot for writes. All methods throw the system's error or VolumeHung.
 */
export class Output {
  readonly #place: SetPlace;
  readonly #withVolume: WithVolume;
  #file: TemporaryFile | undefined;
  #texts: string[] = [];
  #length = 0;

  constructor(place: SetPlace) {
    this.#place = place;
    this.#withVolume = place.withVolume;
  }

  add(text: string): void {
    this.#texts.push(text);
    this.#length += text.length;
  }

  /** Writes the added text, if it is long enough for a call. */
  async flush(least = CHUNK_BYTES): Promise<void> {
    if (this.#length === 0 || this.#length < least) return;
    const bytes = Buffer.from(this.#texts.join(""));
    this.#texts = [];
    this.#length = 0;
    await this.#write(bytes);
  }

  /** Adds all text of another output except the first characters, which take a byte each. */
  async append(other: Output, skip: number): Promise<void> {
    await this.flush(0);
    await other.flush(0);
    const path = other.#file?.path;
    if (path === undefined) return;
    for (let at = skip, last = -1; last !== 0; at += last) {
      const chunk = await this.#withVolume("read", () => readAt(path, at));
      last = chunk.length;
      if (last > 0) await this.#write(chunk);
    }
  }

  async publish(now: Date): Promise<void> {
    await this.flush(0);
    const file = await this.#opened();
    await this.#withVolume("write", () => publishSet(this.#place, file, now));
  }

  /** Never throws. */
  async discard(): Promise<void> {
    const file = this.#file;
    if (file !== undefined) await this.#withVolume("write", () => file.discard()).catch(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const file = await this.#opened();
    await this.#withVolume("write", () => file.write(bytes));
  }

  /** Created with the first bytes: a body that is refused at once leaves no file. */
  async #opened(): Promise<TemporaryFile> {
    // Not in the site's folder: a site's folder without a set means that all its sets were deleted.
    this.#file ??= await this.#withVolume("write", () =>
      createTemporary(this.#place.folder, [PUBLISHED_FOLDER]),
    );
    return this.#file;
  }
}

/**
 * Puts a set in its place. A site's folder without a set says that all its sets were deleted, so that a site's first set
 * comes together with its folder.
 */
async function publishSet({ folder, site, name }: SetPlace, file: TemporaryFile, now: Date): Promise<void> {
  const path = join(folder, PUBLISHED_FOLDER, site);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return await file.publish(setParts(site, name), now);
  const opening = `${file.path}.site`;
  await mkdir(opening);
  try {
    await file.publish([PUBLISHED_FOLDER, basename(opening), `${name}.json`], now);
    await rename(opening, path).catch(async (error: unknown) => {
      // Another publish has just made it.
      if (!(await stat(path)).isDirectory()) throw error;
      await rename(join(opening, `${name}.json`), join(path, `${name}.json`));
    });
  } finally {
    await rm(opening, { recursive: true, force: true });
  }
}

async function readAt(path: string, position: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
    return chunk.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
