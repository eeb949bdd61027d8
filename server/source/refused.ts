import { Problem } from "../errors.ts";
import type { Source } from "./source.ts";

/** The cause of an absence that may be a refusal: S3 answers 403 for a missing key to who may not list the bucket. */
export class Refused extends Error {}

/**
 * Tells a missing key from a bucket that has been closed to us: a key that was there a moment ago is asked for too.
 * Were a closed bucket taken for missing photographs, their variants would be deleted one by one.
 */
export function tellRefused(source: Source): Source {
  let lastGood: string | undefined;

  async function judge(key: string, error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isRefusal(error) || lastGood === undefined || lastGood === key) return error;
    try {
      await source.stat(lastGood, signal);
      return error;
    } catch (canary) {
      return isRefusal(canary) ? new Problem("source-failed", { cause: error }) : error;
    }
  }

  async function watch<T>(key: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      lastGood = key;
      return result;
    } catch (error) {
      throw await judge(key, error, signal);
    }
  }

  return {
    stat: (key, signal) => watch(key, signal, source.stat(key, signal)),
    open: (key, signal, range) => watch(key, signal, source.open(key, signal, range)),
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Problem && error.cause instanceof Refused;
}
