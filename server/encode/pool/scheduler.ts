import type { Clients } from "../../concurrency/clients.ts";
import type { Entered } from "../../concurrency/semaphore.ts";
import { Problem } from "../../errors.ts";
import type { Pieces } from "../../formats/pieces.ts";
import type { Lane } from "../encoder.ts";
import {
  CHILD_BYTES,
  type Claim,
  defaultEncoderMemory,
  EncoderMemory,
  ORDINARY_BYTES,
} from "../memory/encoder-memory.ts";
import { outOfMemory } from "../memory/estimate.ts";
import type { Reservation } from "../memory/reservation.ts";
import { Channel } from "../wire/channel.ts";
import type { Job, Reply } from "../wire/protocol.ts";
import { type ByLane, Lanes, type LanesOptions } from "./lanes.ts";
import { isSuspect, Quarantine, type QuarantineOptions } from "./quarantine.ts";
import type { Worker } from "./worker.ts";
import { WorkerDied } from "./worker-died.ts";
import { type Taken, Workers, type WorkersOptions } from "./workers.ts";

export interface SchedulerOptions extends WorkersOptions, LanesOptions {
  /** Maximum milliseconds for one output; then its child is killed. */
  readonly deadlineMs?: ByLane;
  /** Maximum bytes of all children together; at least {@link LEAST_BYTES}. */
  readonly memoryBytes?: number;
  readonly quarantine?: QuarantineOptions;
  /** Maximum milliseconds that warm work waits for readers: a client that always sends requests must not stop a publish. */
  readonly warmPatienceMs?: number;
}

/**
 * Time for a child to start and to report. The operator's deadlines are for images: a short one must not end a pod that starts on
 * a busy node, or with throttled CPU.
 */
const START_MS = 120_000;

/** More threads than this gain little on the images of a page, and each needs memory. */
const MOST_THREADS = 4;

/** The state of one lane, for metrics. */
export interface LaneStats {
  readonly running: number;
  readonly waiting: number;
  readonly children: number;
}

export interface PoolStats {
  readonly lanes: Readonly<Record<Lane, LaneStats>>;
  /** Share of the memory of all children that is in use or reserved. */
  readonly memoryShare: number;
  readonly spawned: number;
  /** Ended after their number of jobs or because of their memory. */
  readonly recycled: number;
  readonly crashed: number;
  /** Killed at their deadline. */
  readonly overdue: number;
  /** Ended because they got no memory, or used too much. */
  readonly outgrown: number;
}

/** A piece of work on one original; `operation` names its next output, for the quarantine. */
export interface Task {
  readonly original: Pieces;
  readonly megapixels: number;
  /** Estimated memory for it, in addition to that of a child at rest. */
  readonly bytes: number;
  readonly lane: Lane;
  readonly clients: Clients;
  readonly signal: AbortSignal;
  /** As of {@link import("../encoder.ts").Encoder.encode}. */
  readonly killAfterMs?: number | undefined;
  /** @param memory bytes that it may use: at least the requested number. */
  readonly job: (memory: number) => Job;
  readonly operation: () => string;
}

/** Runs tasks in their lanes: each waits for a slot, has a child to itself, and survives the child's death. */
export class Scheduler {
  /** Maximum memory of a task. */
  readonly mostBytes: number;
  readonly #deadlineMs: ByLane;
  readonly #warmPatienceMs: number;
  readonly #memory: EncoderMemory;
  readonly #quarantine: Quarantine;
  readonly #lanes: Lanes;
  readonly #workers: Workers;
  readonly #deaths = { crashed: 0, overdue: 0, outgrown: 0 };

  constructor(options: SchedulerOptions) {
    this.#lanes = new Lanes(options);
    this.#deadlineMs = options.deadlineMs ?? { live: 10_000, warm: 60_000 };
    this.#warmPatienceMs = options.warmPatienceMs ?? 10_000;
    this.#quarantine = new Quarantine(options.quarantine);
    this.#memory = new EncoderMemory(options.memoryBytes ?? defaultEncoderMemory);
    this.mostBytes = this.#memory.most;
    this.#workers = new Workers(options, this.#memory, () => this.#lanes.wake());
  }

  /**
   * Tries once more, in a child that has worked on no image, after a crash, and after whatever a child may owe to its jobs before: that it
   * got no memory, or that a library failed. A task that fails twice by its own fault ({@link isSuspect}) is not tried for an hour.
   */
  async *perform(task: Task): AsyncGenerator<Reply> {
    for (let isSecond = false; ; isSecond = true) {
      try {
        yield* this.#attempt(task, isSecond);
        return;
      } catch (error) {
        if (error instanceof Doubtful) continue;
        if (!(error instanceof WorkerDied)) throw error;
        this.#judge(error, task);
        const mayPass = error.reason === "crash" || (error.reason === "memory" && !error.isFirstJob);
        if (mayPass && !isSecond) continue;
        if (error.reason === "memory") throw outOfMemory(Math.max(task.bytes, ORDINARY_BYTES), error);
        throw new Problem("encode-failed", { cause: error });
      }
    }
  }

  /** A child's answer to a job without an original, such as its versions; such a job does not queue. */
  ask(job: Job): AsyncGenerator<Reply> {
    const replies = new Channel<Reply>();
    void this.#drain(this.#workers.start("live"), job, replies, { deadlineMs: START_MS });
    return replies.take(AbortSignal.timeout(START_MS));
  }

  /**
   * Starts a live child if none is up; if that fails, the next task gets the reason.
   * @throws Problem `busy` if the queue is full: a refused reader has cost no fetch.
   */
  expect(clients: Clients): () => void {
    const leave = this.#lanes.expect(clients);
    if (this.#workers.count("live") === 0) this.#workers.prepare("live");
    return leave;
  }

  /**
   * Threads for a reader's job that starts now: one for each idle slot, as far as there is memory. They are not taken back when
   * others arrive; those get one each.
   */
  idleThreads({ bytes, bytesPerThread }: Pick<Reservation, "bytes" | "bytesPerThread">): number {
    if (bytesPerThread === undefined) return 1;
    const free = this.#memory.room() - CHILD_BYTES - Math.max(bytes, ORDINARY_BYTES);
    const most = Math.min(MOST_THREADS, this.#lanes.idle(), 1 + Math.floor(free / bytesPerThread));
    return Math.max(1, most);
  }

  isBusy(): boolean {
    return this.#lanes.isBusy();
  }

  stats(): PoolStats {
    const lane = (lane: Lane): LaneStats => ({
      ...this.#lanes.stats(lane),
      children: this.#workers.count(lane),
    });
    return {
      lanes: { live: lane("live"), warm: lane("warm") },
      memoryShare: this.#memory.share,
      ...this.#workers.counts,
      ...this.#deaths,
    };
  }

  /** Kills every child; running jobs fail. */
  close(): void {
    this.#workers.endAll();
  }

  // --- one task ---

  /** @param isFresh in a child that has worked on no image. @throws Doubtful, WorkerDied */
  async *#attempt(task: Task, isFresh: boolean): AsyncGenerator<Reply> {
    const { original, signal, killAfterMs, job, operation } = task;
    if (this.#quarantine.isQuarantined(original, operation()))
      throw new Problem("impossible-variant", {
        detail: "Making this variant has failed twice; it is not tried again for an hour.",
      });
    const asked = performance.now();
    const { got, leave } = await this.#enter(task, isFresh);
    const { worker } = got;
    const isFirstJob = worker.isFresh;
    const watch = createStopwatch(asked);
    const replies = new Channel<Reply>();
    // Independent of the reader: when the reader disconnects, the child is still working.
    const order = job(got.bytes);
    void this.#drain(worker, order, replies, task).finally(leave);
    let isWhole = false;
    try {
      for await (const reply of replies.take(signal)) {
        if (reply.kind === "problem") {
          if (reply.shownBy === "library" && !isFirstJob) throw new Doubtful(reply.detail);
          throw new Problem(reply.code, detailed(reply.detail));
        }
        yield reply.kind === "output" ? { ...reply, encoded: { ...reply.encoded, ms: watch() } } : reply;
      }
      isWhole = true;
    } finally {
      if (!isWhole) worker.stop(order, killAfterMs);
    }
  }

  /** Waits for a slot, and for a child with room for the task. */
  #enter(task: Task, isFresh: boolean): Promise<Entered<Taken>> {
    const claim: Claim = { bytes: task.bytes, isLive: task.lane === "live" };
    const { lane, clients, signal } = task;
    const asked = performance.now();
    const needs = {
      begin: () => this.#workers.take(lane, claim, isFresh),
      isDue: () => this.#memory.isKept(claim) || performance.now() - asked >= this.#warmPatienceMs,
      leave: () => {
        this.#memory.forget(claim);
        this.#lanes.wake();
      },
    };
    return this.#lanes.enter(lane, { weight: task.megapixels, clients, signal }, needs);
  }

  async #drain(
    worker: Worker,
    job: Job,
    replies: Channel<Reply>,
    {
      deadlineMs = this.#deadlineMs[worker.lane],
      clients,
      original,
    }: { readonly deadlineMs?: number; readonly clients?: Clients; readonly original?: Pieces },
  ): Promise<void> {
    try {
      for await (const reply of worker.run(job, deadlineMs, original)) replies.push(reply);
      clients?.charge(worker.jobMs());
      this.#workers.giveBack(worker);
      replies.end();
    } catch (error) {
      clients?.charge(
        error instanceof WorkerDied && error.cpuMs !== undefined ? error.cpuMs : worker.jobMs(),
      );
      this.#workers.end(worker);
      replies.end(error);
    }
  }

  #judge(death: WorkerDied, { original, lane, operation }: Task): void {
    if (death.reason === "deadline") this.#deaths.overdue++;
    else if (death.reason === "memory") this.#deaths.outgrown++;
    else this.#deaths.crashed++;
    if (isSuspect(death, this.#deadlineMs[lane])) this.#quarantine.recordFailure(original, operation());
  }
}

/** The times of each output of a job; the queue time belongs to the first one. */
function createStopwatch(asked: number): () => { readonly queue: number; readonly encode: number } {
  let since = performance.now();
  let queue = since - asked;
  return () => {
    const now = performance.now();
    const lap = { queue, encode: now - since };
    [since, queue] = [now, 0];
    return lap;
  };
}

/** A problem that a library has shown in a child that had worked before. */
class Doubtful extends Error {}

function detailed(detail: string): { readonly detail?: string } {
  return detail === "" ? {} : { detail };
}
