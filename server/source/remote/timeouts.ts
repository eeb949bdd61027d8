import { Problem } from "../../errors.ts";

/** How long a remote source may take. */
export interface Timeouts {
  /**
   * Milliseconds until the response's head is here, connecting included, and between two pieces of a body while we ask for
   * one; a slow reader costs the source nothing.
   */
  readonly silence: number;
  /** Slowest body once it has taken that long, in bytes a second. */
  readonly floor: number;
}

/** @param sourceTimeout SOURCE_TIMEOUT: no step of a fetch has a shorter limit of its own. */
export function timeoutsFor(sourceTimeout: number): Timeouts {
  return { silence: sourceTimeout, floor: 32 * 1024 };
}

/** For SOURCE_TIMEOUT as it is by default. */
export const remoteTimeouts = timeoutsFor(10_000);

/** Milliseconds of silence after which another attempt is made beside the first, where retries are left. */
export function patienceOf({ silence }: Timeouts): number {
  return 0.3 * silence;
}

/**
 * Runs work with a signal that also aborts after a time.
 * @throws Problem `source-timeout` then; what the work throws otherwise.
 */
export async function within<T>(
  milliseconds: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  const late = new Problem("source-timeout", { cause: new Error(`no answer within ${milliseconds} ms`) });
  const timer = setTimeout(() => controller.abort(late), milliseconds);
  const leave = (): void => controller.abort(outer.reason);
  outer.addEventListener("abort", leave, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    // Clients wrap the reason in errors of their own, or forget it.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", leave);
  }
}
