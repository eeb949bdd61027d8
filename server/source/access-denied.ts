import { Problem } from "../errors.ts";
import type { Source } from "./source.ts";

/**
 * The cause of a problem that may be one object's or the whole source's: S3 answers 403 for a missing key where the
 * server may not list the bucket, and 403 for every key of a bucket that is closed.
 */
export class AccessDenied extends Error {
  /** What it is once another photograph turns out to be readable. */
  readonly ofObject: Problem;

  constructor(ofObject: Problem, cause: unknown) {
    super("the storage refuses", { cause });
    this.ofObject = ofObject;
  }
}

/** Whether the source has said for certain that there is no such object: then what was made of it may go. */
export function isGone(error: unknown): boolean {
  return error instanceof Problem && error.code === "source-absent" && !(error.cause instanceof AccessDenied);
}

/**
 * Tells an object that is refused from a source that has been closed to us: another one that was readable a moment ago is
 * asked for too. Were a closed bucket taken for missing photographs, their variants would be deleted one by one.
 */
export function reportAccessDenied(source: Source): Source {
  /** The last two keys that were readable, so that there is another one for each. */
  let good: readonly string[] = [];

  async function judge(key: string, error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof Problem && error.cause instanceof AccessDenied)) return error;
    const other = good.find((one) => one !== key);
    if (other === undefined) return error;
    try {
      await source.stat(other, signal);
      return error.cause.ofObject;
    } catch (canary) {
      if (!(canary instanceof Problem && canary.cause instanceof AccessDenied)) return error;
      return new Problem("source-misconfigured", {
        cause: error,
        ...(error.storage !== undefined && { storage: error.storage }),
      });
    }
  }

  async function watch<T>(key: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      if (good[0] !== key) good = [key, ...good.slice(0, 1)];
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
