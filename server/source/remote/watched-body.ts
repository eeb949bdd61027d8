import { Problem } from "../../errors.ts";
import type { ByteRange } from "../../http/range.ts";
import type { Body } from "../body.ts";
import type { SourceObject } from "../source.ts";
import { isStrong } from "../validator.ts";
import { Patience } from "./hedge.ts";

/** The requested bytes of an object. */
export interface Asked extends ByteRange {
  readonly key: string;
  readonly signal: AbortSignal;
}

/** What a body needs of retries and the circuit breaker. */
interface Retries {
  readonly patienceMs: number;
  mayRetry(signal: AbortSignal): boolean;
  /** The rest of the object's body. @throws the error `cut` if the object has changed. */
  resume(object: SourceObject, rest: Asked, cut: unknown): Promise<Body>;
  broke(key: string): void;
}

/** A body that fails is a failure too, which is known only after the response began: the rest of it is requested once more. */
export class WatchedBody implements Body {
  readonly #object: SourceObject;
  readonly #asked: Asked;
  readonly #retries: Retries;
  readonly #patience: Patience;
  #body: Body;
  #at: number;
  #resumed = false;
  #isLeft = false;

  constructor(object: SourceObject, asked: Asked, retries: Retries) {
    this.#object = object;
    this.#asked = asked;
    this.#retries = retries;
    this.#patience = new Patience(retries.patienceMs);
    this.#body = object.body;
    this.#at = asked.first;
  }

  async read(): Promise<Uint8Array | undefined> {
    let piece: Uint8Array | undefined;
    try {
      piece = await this.#next();
    } finally {
      if (piece === undefined) this.#patience.end();
    }
    this.#at += piece?.byteLength ?? 0;
    return piece;
  }

  cancel(): void {
    this.#isLeft = true;
    this.#patience.end();
    this.#body.cancel();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const reading = this.#body.read();
    try {
      if (this.#resumed || !(await this.#patience.isSlow(reading)) || !this.#mayResume())
        return await reading;
    } catch (error) {
      if (!this.#asked.signal.aborted) this.#retries.broke(this.#asked.key);
      if (!isCut(error) || !this.#mayResume()) throw error;
      await this.#goOn(error);
      return this.#next();
    }
    // The first attempt may still succeed: the rest over another connection is only tried.
    const stalled = this.#body;
    const isElsewhere = await this.#goOn(undefined).then(
      () => true,
      () => false,
    );
    if (!isElsewhere) return reading;
    reading.catch(() => undefined);
    stalled.cancel();
    return this.#next();
  }

  #mayResume(): boolean {
    const { last, signal } = this.#asked;
    if (this.#resumed || this.#at > last || !isStrong(this.#object.validator)) return false;
    return this.#retries.mayRetry(signal);
  }

  async #goOn(cut: unknown): Promise<void> {
    this.#resumed = true;
    this.#body = await this.#retries.resume(this.#object, { ...this.#asked, first: this.#at }, cut);
    if (this.#isLeft) this.#body.cancel();
  }
}

/** A stall that was waited out has used up the reader's time. */
function isCut(error: unknown): boolean {
  return error instanceof Problem && error.code === "source-failed";
}
