import type { Readable } from "node:stream";
import { Problem } from "../../errors.ts";
import { type Body, checkLength } from "../body.ts";
import { TIMED_OUT } from "../network-fault.ts";
import { failedProblem } from "../shortage.ts";
import { Alarm, type Timeouts } from "./timeouts.ts";

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
  return new NodeBody(body, bytes, timeouts, signal);
}

class NodeBody implements Body {
  readonly #body: Readable;
  readonly #bytes: number | undefined;
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  readonly #alarm: Alarm;
  readonly #pace: Pace;
  readonly #pieces: unknown[] = [];
  #seen = 0;
  #isOver = false;
  #isLeft = false;
  #failure: unknown;
  /** Wakes the read that waits. */
  #wake: (() => void) | undefined;

  constructor(body: Readable, bytes: number | undefined, timeouts: Timeouts, signal: AbortSignal) {
    this.#body = body;
    this.#bytes = bytes;
    this.#signal = signal;
    this.#pace = new Pace(timeouts);
    const { silence } = timeouts;
    this.#alarm = new Alarm(silence, () => body.destroy(late(`nothing for ${silence} ms`)));
    this.#leave = () => void body.destroy(new Error("the reader has left"));
    // It flows only while a read waits: `data` is the cheapest way to get a piece, and a slow reader must not fill the memory.
    body.pause();
    body.on("data", this.#arrived.bind(this));
    body.on("error", this.#finish.bind(this));
    body.once("end", this.#finish.bind(this, undefined));
    body.once("close", this.#closed.bind(this));
    if (body.destroyed) this.#closed();
    signal.addEventListener("abort", this.#leave, { once: true });
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      if (this.#pieces.length === 0 && !this.#isOver) await this.#arrival();
      if (this.#isLeft) return undefined;
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#bytes !== undefined) checkLength(this.#seen, this.#bytes, true);
        this.#release();
        return undefined;
      }
      if (!(piece instanceof Uint8Array)) throw new Error("the body is not bytes");
      this.#seen += piece.byteLength;
      if (this.#bytes !== undefined) checkLength(this.#seen, this.#bytes, false);
      this.#pace.got(piece.byteLength);
      return piece;
    } catch (error) {
      this.#release();
      throw this.#signal.aborted ? this.#signal.reason : asProblem(error);
    }
  }

  cancel(): void {
    this.#isLeft = true;
    this.#release();
    this.#finish(undefined);
  }

  async #arrival(): Promise<void> {
    const started = performance.now();
    const arrival = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#alarm.start();
    this.#body.resume();
    await arrival;
    this.#wake = undefined;
    this.#alarm.stop();
    this.#pace.waited(performance.now() - started);
  }

  #arrived(piece: unknown): void {
    if (this.#pieces.push(piece) > 1 || this.#wake === undefined) this.#body.pause();
    this.#wake?.();
  }

  #finish(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = error;
    this.#wake?.();
  }

  #closed(): void {
    if (!this.#isOver) this.#finish(this.#body.errored ?? new Error("the connection was closed"));
  }

  #release(): void {
    this.#signal.removeEventListener("abort", this.#leave);
    this.#alarm.end();
    this.#body.destroy();
  }
}

// --- time ---

/** Allows a slow body for a while, then requires a minimum average; only time spent waiting for the source counts. */
class Pace {
  readonly #timeouts: Timeouts;
  #bytes = 0;
  #waitedMs = 0;

  constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts;
  }

  waited(milliseconds: number): void {
    this.#waitedMs += milliseconds;
  }

  got(bytes: number): void {
    this.#bytes += bytes;
    const { silence, floor } = this.#timeouts;
    if (this.#waitedMs > silence + (this.#bytes / floor) * 1000)
      throw late(`${this.#bytes} bytes in ${Math.round(this.#waitedMs)} ms`);
  }
}

function late(what: string): Problem {
  return new Problem("source-timeout", { cause: new Error(what), storage: TIMED_OUT });
}

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : failedProblem(error);
}
