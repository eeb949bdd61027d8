import type { Readable } from "node:stream";
import { Problem } from "../../errors.ts";
import { type Body, checkLength } from "../body.ts";
import { TIMED_OUT } from "../network-fault.ts";
import { failedProblem } from "../shortage.ts";
import { createAlarm, type Timeouts } from "./timeouts.ts";

/**
 * A remote body that fails when the source stalls or trickles: an S3 client's own timeouts end with the response's head, and a
 * GetObject can hang forever in mid-body (aws-sdk-js-v3#8098).
 * @param bytes its length: it also fails if it is shorter or longer.
 */
export function fromNodeBody(
  body: Readable,
  bytes: number | undefined,
  timeouts: Timeouts,
  signal: AbortSignal,
): Body {
  const pieces: unknown[] = [];
  const pace = createPace(timeouts);
  let seen = 0;
  let isOver = false;
  let isLeft = false;
  let failure: unknown;
  /** Wakes the read that waits. */
  let wake: (() => void) | undefined;
  const alarm = createAlarm(timeouts.silence, () => body.destroy(late(`nothing for ${timeouts.silence} ms`)));

  const finish = (error?: unknown): void => {
    if (isOver) return;
    isOver = true;
    failure = error;
    wake?.();
  };
  const leave = (): void => void body.destroy(new Error("the reader has left"));
  const release = (): void => {
    signal.removeEventListener("abort", leave);
    alarm.end();
    body.destroy();
  };

  async function arrival(): Promise<void> {
    const started = performance.now();
    alarm.start();
    body.resume();
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    wake = undefined;
    alarm.stop();
    pace.waited(performance.now() - started);
  }

  // It flows only while a read waits: `data` is the cheapest way to get a piece, and a slow reader must not fill the memory.
  body.pause();
  body.on("data", (piece: unknown) => {
    if (pieces.push(piece) > 1 || wake === undefined) body.pause();
    wake?.();
  });
  body.on("error", finish);
  body.once("end", () => finish());
  body.once("close", () => finish(new Error("the connection was closed")));
  if (body.destroyed) finish(body.errored ?? new Error("the connection was closed"));
  signal.addEventListener("abort", leave, { once: true });

  return {
    async read() {
      try {
        if (pieces.length === 0 && !isOver) await arrival();
        if (isLeft) return undefined;
        const piece = pieces.shift();
        if (piece === undefined) {
          if (failure !== undefined) throw failure;
          if (bytes !== undefined) checkLength(seen, bytes, true);
          release();
          return undefined;
        }
        if (!(piece instanceof Uint8Array)) throw new Error("the body is not bytes");
        seen += piece.byteLength;
        if (bytes !== undefined) checkLength(seen, bytes, false);
        pace.got(piece.byteLength);
        return piece;
      } catch (error) {
        release();
        throw signal.aborted ? signal.reason : asProblem(error);
      }
    },
    cancel() {
      isLeft = true;
      release();
      finish();
    },
  };
}

// --- time ---

/** Allows a slow body for a while, then requires a minimum average; only time spent waiting for the source counts. */
function createPace({ silence, floor }: Timeouts) {
  let bytes = 0;
  let waitedMs = 0;
  return {
    waited: (ms: number): void => {
      waitedMs += ms;
    },
    got: (more: number): void => {
      bytes += more;
      if (waitedMs > silence + (bytes / floor) * 1000)
        throw late(`${bytes} bytes in ${Math.round(waitedMs)} ms`);
    },
  };
}

function late(what: string): Problem {
  return new Problem("source-timeout", { cause: new Error(what), storage: TIMED_OUT });
}

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : failedProblem(error);
}
