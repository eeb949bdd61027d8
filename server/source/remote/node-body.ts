import type { Readable } from "node:stream";
import { Problem } from "../../errors.ts";
import { checkLength } from "../body.ts";
import { failedProblem } from "../shortage.ts";
import type { Timeouts } from "./timeouts.ts";

/**
 * A remote body as a web stream that fails when the source stalls or trickles: an S3 client's own timeouts end with the
 * response's head, and a GetObject can hang forever in mid-body (aws-sdk-js-v3#8098).
 * @param bytes its length: it also fails if it is shorter or longer.
 */
export function fromNodeBody(
  body: Readable,
  bytes: number | undefined,
  timeouts: Timeouts,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<unknown> = body[Symbol.asyncIterator]();
  const pace = createPace(timeouts);
  let seen = 0;
  const leave = (): void => void body.destroy(new Error("the reader has left"));
  signal.addEventListener("abort", leave, { once: true });
  const alarm = createAlarm(timeouts.silence, () => body.destroy(late(`nothing for ${timeouts.silence} ms`)));
  const end = (): void => {
    signal.removeEventListener("abort", leave);
    alarm.end();
    body.destroy();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const started = performance.now();
          alarm.start();
          const { done, value } = await chunks.next();
          alarm.stop();
          if (done === true) {
            if (bytes !== undefined) checkLength(seen, bytes, true);
            end();
            return controller.close();
          }
          if (!(value instanceof Uint8Array)) throw new Error("the body is not bytes");
          seen += value.byteLength;
          if (bytes !== undefined) checkLength(seen, bytes, false);
          pace(value.byteLength, performance.now() - started);
          controller.enqueue(value);
        } catch (error) {
          end();
          throw signal.aborted ? signal.reason : asProblem(error);
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

// --- time ---

/** Allows a slow body for a while, then requires a minimum average; only time spent waiting for the source counts. */
function createPace({ silence, floor }: Timeouts): (bytes: number, waitedMs: number) => void {
  let bytes = 0;
  let waitedMs = 0;
  return (more, waited) => {
    bytes += more;
    waitedMs += waited;
    if (waitedMs > silence + (bytes / floor) * 1000)
      throw late(`${bytes} bytes in ${Math.round(waitedMs)} ms`);
  };
}

/** One timer for all waits of a body: a timer for each chunk would cost as much as the chunk. */
function createAlarm(milliseconds: number, ring: () => void) {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) ring();
  }, milliseconds);
  return {
    start: (): void => {
      waiting = true;
      timer.refresh();
    },
    stop: (): void => {
      waiting = false;
    },
    end: (): void => clearTimeout(timer),
  };
}

function late(what: string): Problem {
  return new Problem("source-timeout", { cause: new Error(what) });
}

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : failedProblem(error);
}
