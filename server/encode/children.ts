import type { Lane } from "./encoder.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

export interface ChildrenOptions {
  readonly worker?: Omit<WorkerOptions, "lane">;
  /** A child is replaced after so many jobs or above so much memory: decoders leak and heaps fragment. */
  readonly recycle?: { readonly jobs: number; readonly rssBytes: number };
  /** A child without work for so long is ended; one that has done nothing yet stays for the next reader. */
  readonly idleMs?: number;
}

/** A pod whose CPU is throttled starts one slowly. */
const START_MS = 60_000;

/** The children that are up: taken for a job, given back after it, ended when they have done enough or nothing. */
export class Children {
  /** How many were started, and how many of them ended for their jobs or their memory. */
  readonly counts = { spawned: 0, recycled: 0 };
  readonly #options: ChildrenOptions;
  readonly #recycle: { readonly jobs: number; readonly rssBytes: number };
  readonly #all = new Set<Worker>();
  readonly #idle = new Map<Worker, NodeJS.Timeout | undefined>();

  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#recycle = options.recycle ?? { jobs: 500, rssBytes: 400 * 2 ** 20 };
  }

  count(lane: Lane): number {
    return [...this.#all].filter((worker) => worker.lane === lane).length;
  }

  take(lane: Lane): Worker {
    return this.takeIdle(lane) ?? this.#spawn(lane);
  }

  /** The child that rested the shortest: its memory is warm. */
  takeIdle(lane: Lane): Worker | undefined {
    for (const [worker, timer] of [...this.#idle].reverse()) {
      if (worker.lane !== lane) continue;
      clearTimeout(timer);
      this.#idle.delete(worker);
      if (worker.alive) return worker;
      this.end(worker);
    }
    return undefined;
  }

  giveBack(worker: Worker): void {
    if (!worker.alive) this.end(worker);
    else if (worker.jobs < this.#recycle.jobs && worker.rssBytes < this.#recycle.rssBytes) this.#rest(worker);
    else {
      this.counts.recycled++;
      this.end(worker);
    }
  }

  /** Starts one that rests until it is needed, if the system gives one. */
  prepare(lane: Lane): void {
    const worker = this.#spawn(lane);
    if (worker.alive) this.#rest(worker);
  }

  end(worker: Worker): void {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    this.#all.delete(worker);
    worker.kill();
  }

  endAll(): void {
    for (const worker of this.#all) this.end(worker);
  }

  #spawn(lane: Lane): Worker {
    const worker = new Worker({ ...this.#options.worker, lane });
    if (worker.alive) {
      this.counts.spawned++;
      this.#all.add(worker);
    }
    return worker;
  }

  #rest(worker: Worker): void {
    const timer = setTimeout(() => this.#reap(worker), this.#options.idleMs ?? 30_000);
    this.#idle.set(worker, timer);
  }

  /** A child that has worked keeps memory. The last one for readers is followed by one that has not, and waits. */
  #reap(worker: Worker): void {
    this.end(worker);
    if (worker.lane === "live" && this.count("live") === 0) void this.#keepOneReady();
  }

  async #keepOneReady(): Promise<void> {
    const worker = this.#spawn("live");
    try {
      for await (const _ of worker.run({ kind: "versions" }, START_MS));
      this.#idle.set(worker, undefined);
    } catch {
      // The next reader starts one, and hears what is wrong.
      this.end(worker);
    }
  }
}
