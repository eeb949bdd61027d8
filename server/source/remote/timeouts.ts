import { Problem } from "../../errors.ts";

/** How long a remote source may take over each step, in milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** Until the response's head is here, connecting included. */
  readonly firstByte: number;
  /** Between two pieces of a body, while we ask for one; a slow reader costs the source nothing. */
  readonly idle: number;
  /** Slowest body after a first two seconds, in bytes a second. */
  readonly floor: number;
}

/** For a bucket in the same data centre. */
export const remoteTimeouts: Timeouts = { connect: 1_000, firstByte: 3_000, idle: 2_000, floor: 32 * 1024 };

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
