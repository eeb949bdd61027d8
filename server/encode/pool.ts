import { availableParallelism } from "node:os";
import { Problem } from "../errors.ts";
import { sniff } from "../sniff.ts";
import { Channel } from "./channel.ts";
import type { Encoded, Encoder, Lane, Output, Placeholder, Probe } from "./encoder.ts";
import { defaultLimits, type SourceLimits } from "./limits.ts";
import { Poison, type PoisonOptions } from "./poison.ts";
import type { Job, Reply } from "./protocol.ts";
import { Queue } from "./queue.ts";
import { Worker, WorkerDied, type WorkerOptions } from "./worker.ts";

export interface PoolOptions {
  /** Jobs at once, by lane. Warm slots are others than live ones: a reader never waits for a scan. */
  readonly slots?: Readonly<Record<Lane, number>>;
  /** For one output, in milliseconds; then its child is killed. */
  readonly deadlineMs?: Readonly<Record<Lane, number>>;
  /** Jobs that may wait, by lane. */
  readonly maxJobs?: Readonly<Record<Lane, number>>;
  readonly maxMegapixels?: number;
  readonly maxWaitMs?: Readonly<Record<Lane, number>>;
  readonly limits?: SourceLimits;
  /** A child is replaced after so many jobs or above so much memory: decoders leak and heaps fragment. */
  readonly recycle?: { readonly jobs: number; readonly rssBytes: number };
  /** A child without work for so long is ended. */
  readonly idleMs?: number;
  readonly poison?: PoisonOptions;
  readonly worker?: Omit<WorkerOptions, "lane">;
}

/** What metrics show of one lane. */
export interface LaneStats {
  readonly running: number;
  readonly waiting: number;
  readonly children: number;
}

export interface PoolStats {
  readonly lanes: Readonly<Record<Lane, LaneStats>>;
  readonly spawned: number;
  readonly crashed: number;
  /** Killed at their deadline. */
  readonly overdue: number;
  /** Ended after their share of jobs or for their memory. */
  readonly recycled: number;
}

export interface Pool extends Encoder {
  readonly stats: () => PoolStats;
  /** Starts a live child if none is there, so that it is up when the original has arrived. */
  readonly prepare: () => void;
  /** Kills every child; what runs fails. */
  readonly close: () => void;
}

/** Encoder children, one job each. Nothing is started until the first job. */
export function createPool(options: PoolOptions = {}): Pool {
  const pool = new ChildPool(options);
  return {
    encode: (original, outputs, { lane, signal }) => pool.encode(original, outputs, lane, signal),
    describe: (original, { lane, signal }) => pool.describe(original, lane, signal),
    stats: () => pool.stats(),
    prepare: () => pool.prepare(),
    close: () => pool.close(),
  };
}

// --- the pool ---

class ChildPool {
  readonly #deadlineMs: Readonly<Record<Lane, number>>;
  readonly #limits: SourceLimits;
  readonly #recycle: { readonly jobs: number; readonly rssBytes: number };
  readonly #idleMs: number;
  readonly #worker: Omit<WorkerOptions, "lane">;
  readonly #poison: Poison;
  readonly #queues: Readonly<Record<Lane, Queue>>;
  readonly #workers = new Set<Worker>();
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #counts = { spawned: 0, crashed: 0, overdue: 0, recycled: 0 };

  constructor(options: PoolOptions) {
    const cores = availableParallelism();
    const slots = options.slots ?? { live: cores, warm: Math.max(1, Math.floor(cores / 2)) };
    const maxJobs = options.maxJobs ?? { live: 4 * slots.live, warm: 64 };
    const maxWaitMs = options.maxWaitMs ?? { live: 3_000, warm: 60_000 };
    const maxMegapixels = options.maxMegapixels ?? 400;
    this.#deadlineMs = options.deadlineMs ?? { live: 10_000, warm: 60_000 };
    this.#limits = options.limits ?? defaultLimits;
    this.#recycle = options.recycle ?? { jobs: 500, rssBytes: 400 * 2 ** 20 };
    this.#idleMs = options.idleMs ?? 30_000;
    this.#worker = options.worker ?? {};
    this.#poison = new Poison(options.poison);
    const queue = (lane: Lane, mayStart?: () => boolean) =>
      new Queue(
        { slots: slots[lane], maxJobs: maxJobs[lane], maxMegapixels, maxWaitMs: maxWaitMs[lane] },
        mayStart,
      );
    const live = queue("live");
    this.#queues = { live, warm: queue("warm", () => live.waiting === 0) };
  }

  async *encode(
    original: Uint8Array,
    outputs: readonly Output[],
    lane: Lane,
    signal: AbortSignal,
  ): AsyncGenerator<Encoded> {
    let made = 0;
    const nextOperation = () => `${lane} ${JSON.stringify(outputs[made])}`;
    for (let attempt = 1; made < outputs.length; attempt++) {
      const job: Job = { kind: "encode", outputs: outputs.slice(made), lane, limits: this.#limits };
      try {
        for await (const reply of this.#perform(job, original, lane, signal, nextOperation())) {
          if (reply.kind !== "output") continue;
          made++;
          yield reply.encoded;
        }
        return;
      } catch (error) {
        this.#judge(error, original, nextOperation(), attempt);
      }
    }
  }

  async describe(original: Uint8Array, lane: Lane, signal: AbortSignal): Promise<Probe & Placeholder> {
    for (let attempt = 1; ; attempt++) {
      try {
        const job: Job = { kind: "describe", limits: this.#limits };
        for await (const reply of this.#perform(job, original, lane, signal, "describe"))
          if (reply.kind === "described") return reply.described;
        throw new Problem("encode-failed");
      } catch (error) {
        this.#judge(error, original, "describe", attempt);
      }
    }
  }

  prepare(): void {
    const lacking = [...this.#workers].every((worker) => worker.lane !== "live");
    if (lacking) this.#rest(this.#spawn("live"));
  }

  stats(): PoolStats {
    const lane = (lane: Lane): LaneStats => ({
      running: this.#queues[lane].running,
      waiting: this.#queues[lane].waiting,
      children: [...this.#workers].filter((worker) => worker.lane === lane).length,
    });
    return { lanes: { live: lane("live"), warm: lane("warm") }, ...this.#counts };
  }

  close(): void {
    for (const worker of this.#workers) this.#retire(worker);
  }

  // --- one job ---

  async *#perform(
    job: Job,
    original: Uint8Array,
    lane: Lane,
    signal: AbortSignal,
    operation: string,
  ): AsyncGenerator<Reply> {
    refuseOther(original);
    if (this.#poison.isPoisoned(original, operation))
      throw new Problem("unreadable-source", {
        detail: "Making this has failed twice; it is not tried for an hour.",
      });
    const leave = await this.#enter(lane, original, signal);
    const worker = this.#workerFor(lane);
    const replies = new Channel<Reply>();
    // On its own, not on the reader's account: when the reader leaves, the child is still in the middle of it.
    void this.#drain(worker, job, original, replies).finally(leave);
    let taken = false;
    try {
      for await (const reply of replies.take(signal)) {
        if (reply.kind === "problem") throw new Problem(reply.code, detailed(reply.detail));
        yield reply;
      }
      taken = true;
    } finally {
      if (!taken) worker.stop();
    }
  }

  async #enter(lane: Lane, original: Uint8Array, signal: AbortSignal): Promise<() => void> {
    const leave = await this.#queues[lane].enter(megapixels(original), signal);
    return () => {
      leave();
      if (lane === "live") this.#queues.warm.wake();
    };
  }

  async #drain(worker: Worker, job: Job, original: Uint8Array, replies: Channel<Reply>): Promise<void> {
    try {
      for await (const reply of worker.run(job, original, this.#deadlineMs[worker.lane])) replies.push(reply);
      this.#release(worker);
      replies.end();
    } catch (error) {
      this.#retire(worker);
      replies.end(error);
    }
  }

  /** A crash is tried once more in another child; what strikes twice is not tried at all for an hour. */
  #judge(error: unknown, original: Uint8Array, operation: string, attempt: number): void {
    if (!(error instanceof WorkerDied)) throw error;
    if (error.reason === "crash") {
      this.#counts.crashed++;
      this.#poison.strike(original, operation);
      if (attempt === 1) return;
    } else {
      this.#counts.overdue++;
      // Wall time says how busy the machine was; only CPU time says that the photograph is at fault.
      const deadlineMs = this.#deadlineMs[operation.startsWith("warm") ? "warm" : "live"];
      if ((error.cpuMs ?? 0) >= 0.8 * deadlineMs) this.#poison.strike(original, operation);
    }
    throw new Problem("encode-failed", { cause: error });
  }

  // --- children ---

  #workerFor(lane: Lane): Worker {
    for (const [worker, timer] of this.#idle) {
      if (worker.lane !== lane) continue;
      clearTimeout(timer);
      this.#idle.delete(worker);
      if (worker.alive) return worker;
      this.#retire(worker);
    }
    return this.#spawn(lane);
  }

  #spawn(lane: Lane): Worker {
    const worker = new Worker({ ...this.#worker, lane });
    this.#counts.spawned++;
    this.#workers.add(worker);
    return worker;
  }

  #release(worker: Worker): void {
    if (worker.jobs < this.#recycle.jobs && worker.rssBytes < this.#recycle.rssBytes) this.#rest(worker);
    else {
      this.#counts.recycled++;
      this.#retire(worker);
    }
  }

  #rest(worker: Worker): void {
    this.#idle.set(
      worker,
      setTimeout(() => this.#retire(worker), this.#idleMs),
    );
  }

  #retire(worker: Worker): void {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    this.#workers.delete(worker);
    worker.kill();
  }
}

// --- before the queue ---

/** What no decoder is for is refused here: it costs no slot. */
function refuseOther(original: Uint8Array): void {
  const { kind, detail } = sniff(original);
  if (kind === "raster") return;
  throw new Problem("unsupported-source", {
    detail: detail ?? "An SVG is served as it is, without q and w.",
  });
}

/** A guess by length where the header is not read: cameras write about a third of a byte a pixel. */
function megapixels(original: Uint8Array): number {
  return (3 * original.byteLength) / 1e6;
}

function detailed(detail: string): { readonly detail?: string } {
  return detail === "" ? {} : { detail };
}
