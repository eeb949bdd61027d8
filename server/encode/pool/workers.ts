import type { Lane } from "../encoder.ts";
import { CHILD_BYTES, type Charge, type Claim, type EncoderMemory } from "../memory/encoder-memory.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

export interface WorkersOptions {
  readonly worker?: Omit<WorkerOptions, "lane">;
  /** A child is replaced after this many jobs or above this much memory: decoders leak and heaps fragment. */
  readonly recycle?: { readonly jobs: number; readonly restBytes: number };
  /** An idle child is ended after this time; one that has done nothing yet stays for the next reader. */
  readonly idleMs?: number;
}

/** A child for a job. */
export interface Taken {
  readonly worker: Worker;
  /** Bytes for the job, in addition to those of the child at rest: at least those that were claimed. */
  readonly bytes: number;
}

/** A pod with throttled CPU starts one slowly. */
const START_MS = 60_000;

/**
 * The running children: taken for a job, returned after it, and ended when they have done enough, are idle, or when their memory is
 * needed. The memory that each uses or may grow to is charged until it has ended.
 */
export class Workers {
  /** How many were started, and how many of them ended because of their jobs or memory. */
  readonly counts = { spawned: 0, recycled: 0 };
  readonly #options: WorkersOptions;
  readonly #memory: EncoderMemory;
  readonly #onRoom: () => void;
  readonly #recycle: { readonly jobs: number; readonly restBytes: number };
  readonly #all = new Set<Worker>();
  readonly #idle = new Map<Worker, NodeJS.Timeout | undefined>();
  /** Of every child that has not ended. */
  readonly #charges = new Map<Worker, Charge>();

  /** @param onRoom called when some memory has been freed. */
  constructor(options: WorkersOptions, memory: EncoderMemory, onRoom: () => void) {
    this.#options = options;
    this.#memory = memory;
    this.#onRoom = onRoom;
    this.#recycle = options.recycle ?? { jobs: 500, restBytes: 128 * 2 ** 20 };
  }

  count(lane: Lane): number {
    return [...this.#all].filter((worker) => worker.lane === lane).length;
  }

  /**
   * A child that may grow by the claimed memory: an idle one, or a new one, for which there can be room where there is none for one that
   * holds memory of its jobs. If there is no room, idle children are ended if that helps, and the memory is free when they are gone.
   * @param isFresh only a child that has worked on no image.
   * @returns undefined if there is no room now.
   */
  take(lane: Lane, claim: Claim, isFresh = false): Taken | undefined {
    const ready = this.#newest(lane, isFresh);
    for (const child of ready === undefined ? [undefined] : [ready, undefined]) {
      const held = this.#chargeOf(child)?.bytes ?? CHILD_BYTES;
      const charge = this.#memory.acquire(claim, this.#chargeOf(child));
      if (charge !== undefined) {
        const worker = child ?? this.#spawn(lane);
        this.#wake(worker);
        this.#charge(worker, charge);
        return { worker, bytes: charge.bytes - held };
      }
      if (this.#makeRoom(claim, child)) return undefined;
    }
    return undefined;
  }

  /** For a job with negligible memory, such as a child's first. */
  start(lane: Lane): Worker {
    const worker = this.#newest(lane) ?? this.#spawn(lane);
    this.#wake(worker);
    return worker;
  }

  giveBack(worker: Worker): void {
    if (!worker.alive) this.end(worker);
    else if (worker.jobs < this.#recycle.jobs && worker.restBytes < this.#recycle.restBytes)
      this.#rest(worker);
    else {
      this.counts.recycled++;
      this.end(worker);
    }
  }

  /** Starts one that stays idle until it is needed, if the system gives one. */
  prepare(lane: Lane): void {
    if (this.#memory.room() < CHILD_BYTES) return;
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
    if (!worker.alive) return worker;
    this.counts.spawned++;
    this.#all.add(worker);
    this.#charge(worker, this.#memory.charge(CHILD_BYTES));
    // Only now its memory has returned to the system.
    void worker.ended.then(() => this.#discharge(worker));
    return worker;
  }

  #rest(worker: Worker): void {
    const held = Math.max(CHILD_BYTES, worker.restBytes);
    this.#charge(worker, this.#memory.charge(held, this.#chargeOf(worker)));
    if (this.#memory.room() < 0) {
      this.end(worker);
      return;
    }
    const timer = setTimeout(() => this.#reap(worker), this.#options.idleMs ?? 30_000);
    this.#idle.set(worker, timer);
    this.#onRoom();
  }

  /** It is no longer idle. */
  #wake(worker: Worker): void {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
  }

  /** The child that was idle for the shortest time: its memory is warm. */
  #newest(lane: Lane, isFresh = false): Worker | undefined {
    for (const worker of [...this.#idle.keys()].reverse()) {
      if (worker.lane !== lane || (isFresh && !worker.isFresh)) continue;
      if (worker.alive) return worker;
      this.end(worker);
    }
    return undefined;
  }

  // --- memory ---

  #chargeOf(worker: Worker | undefined): Charge | undefined {
    return worker && this.#charges.get(worker);
  }

  /** Replaces its current charge. */
  #charge(worker: Worker, charge: Charge): void {
    const before = this.#charges.get(worker);
    if (before !== undefined) this.#memory.release(before);
    this.#charges.set(worker, charge);
  }

  #discharge(worker: Worker): void {
    const charge = this.#charges.get(worker);
    this.#charges.delete(worker);
    if (charge !== undefined) this.#memory.release(charge);
    this.#onRoom();
  }

  /**
   * Ends the children that were idle longest, if that is enough.
   * @param but the child that would do the work.
   * @returns whether there will be room when they are gone.
   */
  #makeRoom(claim: Claim, but: Worker | undefined): boolean {
    const ending = [...this.#charges.keys()].filter((worker) => !this.#all.has(worker));
    const idle = [...this.#idle.keys()].filter((worker) => worker !== but);
    let missing = this.#memory.missing(claim, this.#chargeOf(but)) - this.#bytesOf(ending);
    if (this.#bytesOf(idle) < missing) return false;
    for (const worker of idle) {
      if (missing <= 0) break;
      missing -= this.#bytesOf([worker]);
      this.end(worker);
    }
    return true;
  }

  #bytesOf(workers: readonly Worker[]): number {
    return workers.reduce((sum, worker) => sum + (this.#charges.get(worker)?.bytes ?? 0), 0);
  }

  /** A child that has worked keeps memory. When the last one for readers ends, a new one is started, and waits. */
  #reap(worker: Worker): void {
    this.end(worker);
    if (worker.lane === "live" && this.count("live") === 0) void this.#keepOneReady();
  }

  async #keepOneReady(): Promise<void> {
    if (this.#memory.room() < CHILD_BYTES) return;
    const worker = this.#spawn("live");
    try {
      for await (const _ of worker.run({ kind: "versions" }, START_MS));
      this.#idle.set(worker, undefined);
    } catch {
      // The next reader starts one, and gets the reason.
      this.end(worker);
    }
  }
}
