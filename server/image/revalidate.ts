import { LRUCache } from "lru-cache";
import type { SourceRecords } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import { createRateLimiter } from "../concurrency/token-bucket.ts";
import { Problem } from "../errors.ts";
import { isGone, UnsureAbsence } from "../source/access-denied.ts";
import type { Source } from "../source/source.ts";

/** What the source last said of a key. */
export interface Known {
  readonly validator: string;
  /** Milliseconds since 1970. */
  readonly checked: number;
}

/** Asks the source whether an object is still what it was; many readers, one question. */
export interface Revalidation {
  known(key: string): Known | undefined;
  /** The source has just said this. */
  learn(key: string, validator: string): void;
  forget(key: string): void;
  /**
   * What the source says now, or what it said a moment ago when one key is asked for too often.
   * @throws Problem as {@link Source} does; what is gone for certain is also told to `gone`, and unsure if that keeps it.
   */
  now(key: string, signal: AbortSignal): Promise<Known>;
  /** What the source says now, for a publish: nobody holds it to an allowance. @throws as {@link now} does. */
  force(key: string, signal: AbortSignal): Promise<Known>;
  /** Asks behind an answer, at most twice a minute a key. */
  inBackground(key: string): void;
}

/** The newer of two statements about one key: what the source told this process, and what the volume has of any. */
export function newer(said: Known | undefined, stored: Known): Known {
  return said !== undefined && trusted(said) >= trusted(stored) ? said : stored;
}

/** A clock that was wrong when it was written must not win for as long as it was ahead. */
function trusted({ checked }: Known): number {
  return checked > Date.now() ? Number.NEGATIVE_INFINITY : checked;
}

/** @param parts `gone`: told when the source has no such object (any more); false: what was made of it is kept. */
export function createRevalidation(parts: {
  readonly source: Source;
  readonly records: SourceRecords;
  readonly flights: SingleFlight<Known>;
  readonly background: Background;
  readonly gone: (key: string) => Promise<boolean>;
  /** Called whenever the source has the object. */
  readonly there?: (key: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}): Revalidation {
  const { source, records, flights, background, gone, there, now = Date.now } = parts;
  const states = new LRUCache<string, Known>({ max: 100_000 });
  // Whoever sends a new v with every request gets a question to the source a second, not one a request.
  const questions = createRateLimiter({ burst: 5, perSecond: 1 });
  const behinds = createRateLimiter({ burst: 1, perSecond: 1 / 30 });

  function learn(key: string, validator: string): Known {
    const known = { validator, checked: now() };
    states.set(key, known);
    there?.(key);
    return known;
  }

  async function question(key: string, signal: AbortSignal): Promise<Known> {
    try {
      const known = learn(key, (await source.stat(key, signal)).validator);
      background.run("confirm a record", () => confirm(records, key, known));
      return known;
    } catch (error) {
      if (!isGone(error) || (await gone(key))) throw error;
      const cause = new UnsureAbsence("too many photographs are gone to believe it", { cause: error });
      throw new Problem("source-absent", { cause });
    }
  }

  const force: Revalidation["force"] = (key, signal) =>
    flights.do(key, signal, (signal) => question(key, signal));

  return {
    force,
    known: (key) => states.get(key),
    learn,
    forget: (key) => void states.delete(key),
    // The allowance is for questions, not for readers: whoever joins one that is under way has its answer.
    now: (key, signal) =>
      flights.do(key, signal, async (signal) => {
        const known = states.get(key);
        if (known !== undefined && !questions.take(key)) return known;
        return question(key, signal);
      }),
    inBackground(key) {
      if (!behinds.take(key)) return;
      background.run("check a source", (signal) => force(key, signal));
    },
  };
}

/**
 * Other replicas, and this one after a restart, need not ask again. A publish asks of every photograph: what was written
 * down a short time ago is not written again, or a rescan would cost the volume a file a photograph.
 */
async function confirm(records: SourceRecords, key: string, known: Known): Promise<void> {
  const record = await records.readRecord(key);
  if (record?.validator !== known.validator) return;
  // One from the future was written by a clock that was wrong.
  const age = known.checked - record.checked;
  if (age >= CONFIRM_MS || age < 0) await records.writeRecord(key, { ...record, checked: known.checked });
}

/** Well within the hour after which an unversioned URL has its source asked. */
const CONFIRM_MS = 900_000;
