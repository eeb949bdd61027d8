import type { SourceRecord, SourceRecords } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import { createLru } from "../concurrency/lru.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import { createRateLimiter } from "../concurrency/token-bucket.ts";
import { Problem } from "../errors.ts";
import type { FreshnessPolicy } from "../http/freshness.ts";
import { isGone, UnsureAbsence } from "../source/access-denied.ts";
import type { Source } from "../source/source.ts";

/** The source's last answer about a key. */
export interface Known {
  readonly validator: string;
  /** When it was asked, in milliseconds since 1970. */
  readonly checked: number;
}

/** Checks whether an original has changed: one question to the source, whatever number of readers. */
export interface Revalidation {
  known(key: string): Known | undefined;
  /** Records an answer of the source that came with other work. */
  learn(key: string, answer: Known): void;
  forget(key: string): void;
  /**
   * The source's answer now, or its last one if the key was checked too recently.
   * @throws Problem as {@link Source} does. An absence that is certain is also passed to `gone`, and becomes unsure if that refuses it.
   */
  now(key: string, signal: AbortSignal): Promise<Known>;
  /** The source's answer now, for a publish: without a rate limit. @throws as {@link now} does. */
  force(key: string, signal: AbortSignal): Promise<Known>;
  /** Checks in the background of a response, at most twice a minute for each key. */
  inBackground(key: string): void;
}

/** The newer of two answers about one key: this process's, and the one on the volume, which any replica may have written. */
export function newer(said: Known | undefined, stored: Known): Known {
  return said !== undefined && trusted(said) >= trusted(stored) ? said : stored;
}

/** An answer from a wrong clock must not win for as long as that clock was ahead. */
function trusted({ checked }: Known): number {
  return checked > Date.now() ? Number.NEGATIVE_INFINITY : checked;
}

/** Serve stale when making a new one fails; not when the photograph is gone. */
export function isServedStale(error: unknown): boolean {
  return error instanceof Problem && !isGone(error);
}

/** @param parts `gone`: called when the source no longer has the object; false: its variants are kept. */
export function createRevalidation(parts: {
  readonly source: Source;
  readonly records: SourceRecords;
  readonly flights: SingleFlight<Known>;
  readonly background: Background;
  readonly gone: (key: string) => Promise<boolean>;
  readonly policy: FreshnessPolicy;
  /** Called whenever the source has the object. */
  readonly there?: (key: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}): Revalidation {
  const { source, records, flights, background, gone, policy, there, now = Date.now } = parts;
  const states = createLru<Known>(100_000);
  // A client that sends a new v with every request causes one question a second, not one a request; or one each time that readers
  // without v cause one, if that is more often.
  const { unversionedSeconds } = policy;
  const questions = createRateLimiter({
    burst: 5,
    perSecond: Math.max(1, 1 / Math.max(0.001, unversionedSeconds)),
  });
  const behinds = createRateLimiter({ burst: 1, perSecond: 1 / 30 });

  function learn(key: string, { validator, checked }: Known): Known {
    const answer = { validator, checked };
    const known = newer(answer, states.get(key) ?? answer);
    states.set(key, known);
    there?.(key);
    return known;
  }

  async function question(key: string, signal: AbortSignal): Promise<Known> {
    try {
      const checked = now();
      const { validator } = await source.stat(key, signal);
      const known = learn(key, { validator, checked });
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
    // The limit is for questions, not for readers: a reader who joins a running question gets its answer.
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
 * Lets other replicas, and this one after a restart, skip the question. A publish asks about every photograph: a record that
 * was written recently is not written again, or a rescan would write one file for each photograph.
 */
async function confirm(records: SourceRecords, key: string, known: Known): Promise<void> {
  const confirmed = (record: SourceRecord | undefined): SourceRecord | undefined => {
    if (record?.validator !== known.validator) return undefined;
    // A record from the future was written with a wrong clock.
    const age = known.checked - record.checked;
    return age >= CONFIRM_MS || age < 0 ? { ...record, checked: known.checked } : undefined;
  };
  if (confirmed(await records.readRecord(key)) !== undefined) await records.changeRecord(key, confirmed);
}

/** Well within the hour after which the source is asked about an unversioned URL. */
const CONFIRM_MS = 900_000;
