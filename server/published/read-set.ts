import { open } from "node:fs/promises";
import { join } from "node:path";
import type { WithVolume } from "../cache/volume-limiter.ts";
import { TimeSlice } from "../concurrency/time-slice.ts";
import { setParts } from "./files.ts";
import { HashSet } from "./hash-set.ts";
import { type JsonPiece, JsonSplitter } from "./json-pieces.ts";

/** The part of a published set that is held in memory. */
export interface PublishedSet {
  /** Milliseconds since 1970. */
  readonly made: number;
  /** Milliseconds since 1970; undefined for a set that is not a preview. */
  readonly until?: number;
  /** Number of photographs. */
  readonly images: number;
  /** The canonical queries that the set allows. */
  readonly queries: HashSet;
  /** File names of the cache entries that the set uses: the GC deletes them last. */
  readonly pins: HashSet;
}

/** A set's file on the cache volume, such as `published/blog/2026-11-24.json`. */
export interface SetPlace {
  /** The cache folder. */
  readonly folder: string;
  readonly site: string;
  readonly name: string;
  /** Runs work on the volume, which may hang. */
  readonly withVolume: WithVolume;
}

/** The members of a set's file, and of a publish's body, that can have any length. */
export const largeMembers = { images: "object", pins: "list" } as const;

/** JSON that is not a set. */
export class DamagedSet extends Error {}

export function isLive({ until }: Pick<PublishedSet, "until">, now: number): boolean {
  return until === undefined || until > now;
}

/**
 * Queries are taken as they are: readers cannot request a query of another release that this one does not know.
 * @throws the system's error; InvalidJson or DamagedSet for a file that is not a set; VolumeHung.
 */
export async function readSet(place: SetPlace): Promise<PublishedSet> {
  const reading = new Reading();
  for await (const piece of piecesOf(place)) reading.take(piece);
  return reading.end();
}

/**
 * The `images` of a set as JSON, in pieces.
 * @throws as {@link readSet} does; errors of opening the file at once, others later.
 */
export async function readImages(place: SetPlace): Promise<AsyncGenerator<string>> {
  const chunks = await openChunks(place);
  return (async function* () {
    let comma = "";
    yield "{";
    for await (const { of, value } of inPieces(chunks)) {
      const members = of === "images" ? JSON.stringify(value).slice(1, -1) : "";
      if (members === "") continue;
      yield `${comma}${members}`;
      comma = ",";
    }
    yield "}";
  })();
}

/** The source keys of a set. @throws as {@link readImages} does. */
export async function readKeys(place: SetPlace): Promise<AsyncGenerator<string>> {
  const members = await readMembers(place);
  return (async function* () {
    for await (const [key] of members) yield key;
  })();
}

/** The source keys of a set, each with its queries. @throws as {@link readImages} does. */
export async function readMembers(
  place: SetPlace,
): Promise<AsyncGenerator<readonly [key: string, queries: unknown]>> {
  const chunks = await openChunks(place);
  return (async function* () {
    for await (const { of, value } of inPieces(chunks)) if (of === "images") yield* Object.entries(value);
  })();
}

// --- one file ---

class Reading {
  readonly #queries = new HashSet();
  readonly #pins = new HashSet();
  readonly #members: Record<string, unknown> = {};
  readonly #seen = new Set<string>();
  #images = 0;

  take({ of, value }: JsonPiece): void {
    this.#seen.add(of);
    if (of === "") Object.assign(this.#members, value);
    else if (of === "pins") addAll(this.#pins, value, "pins is not a list of file names");
    else
      for (const queries of Object.values(value)) {
        this.#images++;
        addAll(this.#queries, queries, "images is not lists of queries by source key");
      }
  }

  async end(): Promise<PublishedSet> {
    const { made, until } = this.#members;
    if (typeof made !== "number") throw new DamagedSet("made is not a number");
    if (until !== undefined && typeof until !== "number") throw new DamagedSet("until is not a number");
    for (const name of Object.keys(largeMembers))
      if (!this.#seen.has(name)) throw new DamagedSet(`${name} is absent, or not what it should be`);
    return {
      made,
      ...(until !== undefined && { until }),
      images: this.#images,
      queries: await this.#queries.sort(),
      pins: await this.#pins.sort(),
    };
  }
}

function addAll(set: HashSet, texts: unknown, damage: string): void {
  if (!Array.isArray(texts)) throw new DamagedSet(damage);
  for (const text of texts) {
    if (typeof text !== "string") throw new DamagedSet(damage);
    set.add(text);
  }
}

async function* piecesOf(place: SetPlace): AsyncGenerator<JsonPiece> {
  yield* inPieces(await openChunks(place));
}

/** @throws InvalidJson */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<JsonPiece> {
  const splitter = new JsonSplitter(largeMembers);
  const slice = new TimeSlice();
  for await (const chunk of chunks)
    for (const piece of splitter.push(chunk)) {
      yield piece;
      if (slice.isOver()) await slice.next();
    }
  splitter.end();
}

const CHUNK_BYTES = 256 * 2 ** 10;

/** Each call is separate: reading a whole large set takes longer than the limit for a healthy volume. */
async function openChunks({ folder, site, name, withVolume }: SetPlace): Promise<AsyncGenerator<Uint8Array>> {
  let isWanted = true;
  const file = await withVolume("read", async () => {
    const opened = await open(join(folder, ...setParts(site, name)));
    if (!isWanted) void opened.close();
    return opened;
  }).catch((error: unknown) => {
    isWanted = false;
    throw error;
  });
  return (async function* () {
    try {
      for (;;) {
        const chunk = new Uint8Array(CHUNK_BYTES);
        const { bytesRead } = await withVolume("read", () => file.read(chunk, 0, CHUNK_BYTES));
        if (bytesRead === 0) return;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      // Not waited for: on a hung volume it ends when the volume is back.
      void file.close().catch(() => undefined);
    }
  })();
}
