import type { CacheFailure } from "../telemetry/metrics.ts";
import { isAbsent, isFull } from "./files.ts";
import { type Access, VolumeHung, type VolumeLimiter } from "./volume-limiter.ts";

export interface FailOpenOptions {
  readonly volume: VolumeLimiter;
  /** Called once for each failure, with the system's error. */
  readonly onFailure: (failure: CacheFailure, error: unknown) => void;
  /** After a failed write, nothing is written for this time: a full disk must not be tried for every reader. */
  readonly restMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Runs work on the volume that must never fail a reader: failures are reported, and the work is left out. */
export class FailOpen {
  readonly #options: FailOpenOptions;
  #restsUntil = 0;

  constructor(options: FailOpenOptions) {
    this.#options = options;
  }

  /** Undefined if it fails, or if there is nothing to read. */
  async try<Value>(access: Access, work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await this.#options.volume.run(access, work);
    } catch (error) {
      if (!isAbsent(error) || access === "write") this.tell(error);
      return undefined;
    }
  }

  /** Whether it was written. */
  async write(work: () => Promise<void>): Promise<boolean> {
    const { volume, now, restMs } = this.#options;
    if (now() < this.#restsUntil) return false;
    try {
      await volume.run("write", work);
      return true;
    } catch (error) {
      this.tell(error);
      // A full disk is not tried for a while; a hung one is recognised by the limiter.
      if (!(error instanceof VolumeHung)) this.#restsUntil = now() + restMs;
      return false;
    }
  }

  tell(error: unknown): void {
    const failure = error instanceof VolumeHung ? "hung" : isFull(error) ? "full" : "error";
    this.#options.onFailure(failure, error);
  }
}
