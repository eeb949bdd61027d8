import { Problem } from "../../errors.ts";
import { TIMED_OUT } from "../network-fault.ts";

/** Time limits for a remote source. */
export interface Timeouts {
  /**
   * Maximum milliseconds until the response's head, including the connection, and between two pieces of a body while we wait for
   * one; a slow reader does not count.
   */
  readonly silence: number;
  /** Minimum average speed of a body after that time, in bytes a second. */
  readonly floor: number;
}

/** @param sourceTimeout SOURCE_TIMEOUT: no step of a fetch has a shorter limit. */
export function timeoutsFor(sourceTimeout: number): Timeouts {
  return { silence: sourceTimeout, floor: 32 * 1024 };
}

/** For the default SOURCE_TIMEOUT. */
export const remoteTimeouts = timeoutsFor(10_000);

/** Milliseconds of silence after which a second attempt starts in parallel, if the retry budget allows. */
export function patienceOf({ silence }: Timeouts): number {
  return 0.3 * silence;
}

/**
 * A limit on waits, one after the other. One timer for all waits of a body: a timer for each piece would cost as much as the piece.
 *
 * A class, as all code that runs for each piece: V8 drops the optimised code of closures in the first full collection at which none
 * of them is in use, and compiles the next one's again. Of methods it keeps it.
 */
export class Alarm {
  readonly #timer: NodeJS.Timeout;
  #isWaiting = false;

  /** @param ring called when a wait is too long. */
  constructor(milliseconds: number, ring: () => void) {
    this.#timer = setTimeout(() => {
      if (this.#isWaiting) ring();
    }, milliseconds);
  }

  /** A wait begins. */
  start(): void {
    this.#isWaiting = true;
    this.#timer.refresh();
  }

  stop(): void {
    this.#isWaiting = false;
  }

  /** There will be no further wait. */
  end(): void {
    this.#isWaiting = false;
    clearTimeout(this.#timer);
  }
}

/**
 * Runs work with a signal that also aborts after a time.
 * @throws Problem `source-timeout` then; otherwise the error of the work.
 */
export async function within<T>(
  milliseconds: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  const giveUp = (): void => {
    const cause = new Error(`no answer within ${milliseconds} ms`);
    controller.abort(new Problem("source-timeout", { cause, storage: TIMED_OUT }));
  };
  const timer = setTimeout(giveUp, milliseconds);
  const leave = (): void => controller.abort(outer.reason);
  outer.addEventListener("abort", leave, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    // Clients wrap the reason in their own errors, or drop it.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", leave);
  }
}
