import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Started } from "../../concurrency/child-process.ts";
import { readProcFile } from "../../concurrency/proc-file.ts";
import type { Pieces } from "../../formats/pieces.ts";
import { sniff } from "../../formats/sniff.ts";
import { type Frame, readFrames, writeFrame } from "../child/frames.ts";
import type { Lane } from "../encoder.ts";
import { CHILD_BYTES, ORDINARY_BYTES } from "../memory/encoder-memory.ts";
import { isOutOfMemory } from "../memory/memory-limit.ts";
import { watchMemory } from "../memory/memory-watch.ts";
import { type Job, type Order, parseReply, type Reply } from "../wire/protocol.ts";
import { startDeadline } from "./deadline.ts";
import { lowerPriority } from "./priority.ts";
import { type EncoderOptions, startEncoder } from "./start-encoder.ts";
import { type Death, WorkerDied } from "./worker-died.ts";

export interface WorkerOptions extends EncoderOptions {
  readonly lane: Lane;
}

/** A killed process ends at once, unless it is in an uninterruptible call. */
const END_MS = 1_000;

/** Number of characters that are kept of a child's last output: a stack trace and its message. */
const LAST_WORDS = 2_000;

/** One child process. It does one job at a time and gets no second chance after an invalid reply. */
export class Worker {
  readonly lane: Lane;
  /** Number of jobs that have begun. */
  jobs = 0;
  /** Its private resident bytes after the last job. */
  restBytes = 0;
  /** Whether it has finished no job on an image yet: then it holds nothing of any. */
  isFresh = true;
  /** Resolves with the way it ended, when its memory has returned to the system. */
  readonly ended: Promise<string>;
  readonly #started: Started;
  readonly #socket: Socket;
  readonly #frames: AsyncGenerator<Frame>;
  #alive: boolean;
  /** At the start of the last job. */
  #before: { readonly cpuMs: number | undefined; readonly at: number } = { cpuMs: undefined, at: 0 };
  /** CPU time at the end of the last job: an idle child uses none, and each look costs the server 40 µs. */
  #restedMs: number | undefined;
  /** The running job, while it has outputs to make. */
  #job: Job | undefined;
  #lastWords = "";

  /** Never throws: if the system gives no process, the worker is dead, and {@link run} has the reason. */
  constructor(options: WorkerOptions) {
    this.lane = options.lane;
    const { started, socket, ended } = startEncoder(options);
    const { child } = started;
    this.#started = started;
    this.#alive = child !== undefined;
    this.#socket = socket.on("error", () => this.kill());
    this.#frames = readFrames(this.#socket);
    this.ended = ended;
    if (child === undefined) return;
    lowerPriority(child, options.lane);
    child.on("exit", () => this.#end());
    child.stderr?.on("data", (text: Buffer) => {
      this.#lastWords = `${this.#lastWords}${text}`.slice(-LAST_WORDS);
    });
  }

  get pid(): number | undefined {
    return this.#started.child?.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Runs a job. Yields replies up to, and without, `done`.
   * @param deadlineMs for each reply: a child that is silent for longer is killed; see {@link startDeadline}.
   * @param original its bytes must not change.
   * @throws WorkerDied
   */
  async *run(job: Job, deadlineMs: number, original?: Pieces): AsyncGenerator<Reply> {
    this.#before = { cpuMs: this.#restedMs ?? this.cpuMs(), at: performance.now() };
    if (this.#started.child === undefined)
      throw new WorkerDied("unstarted", undefined, (await this.#started.failure).message);
    this.jobs++;
    const death: { reason: Death; cpuMs: number | undefined } = { reason: "crash", cpuMs: undefined };
    const overdue = () => {
      death.cpuMs = minus(this.cpuMs(), this.#before.cpuMs);
      death.reason = "deadline";
      this.kill();
    };
    // For a reader wall time counts; warm work is not urgent, and gets a CPU only when nobody else needs it.
    const deadline = startDeadline(deadlineMs, this.lane === "warm" ? this : undefined, overdue);
    const endWatch = watchMemory(this.pid, this.#mostBytes(job), () => {
      death.reason = "memory";
      this.kill();
    });
    let left = mostReplies(job);
    this.#job = job;
    try {
      this.#order(job, original);
      for (;;) {
        const reply = await this.#reply();
        if (reply === undefined) throw await this.#died(death);
        if (reply.kind === "done") {
          this.restBytes = reply.restBytes;
          this.isFresh &&= job.kind === "versions";
          return;
        }
        if (reply.kind === "problem" && reply.shownBy === "memory") {
          const cpuMs = minus(this.cpuMs(), this.#before.cpuMs);
          this.kill();
          throw new WorkerDied("memory", cpuMs, reply.detail, this.isFresh);
        }
        if (left-- === 0) throw new WorkerDied("crash", undefined, "more replies than the job has outputs");
        // Only `done` is missing: there is nothing to stop.
        if (left === 1) this.#job = undefined;
        deadline.renew();
        yield reply;
      }
    } finally {
      this.#job = undefined;
      deadline.clear();
      endWatch();
    }
  }

  /**
   * The job's later outputs are not needed any more. A finished job is not stopped: the child may be at the next one.
   * @param killAfterMs for the output that is being made; undefined: it is finished.
   */
  stop(job: Job, killAfterMs?: number): void {
    if (this.#job !== job) return;
    this.#order({ kind: "stop" });
    if (killAfterMs === undefined) return;
    setTimeout(() => {
      if (this.#job === job) this.kill();
    }, killAfterMs).unref();
  }

  kill(): void {
    this.#alive = false;
    this.#started.child?.kill("SIGKILL");
    this.#socket.destroy();
  }

  /** CPU time so far, in milliseconds; undefined if there is no /proc. */
  cpuMs(): number | undefined {
    try {
      const stat = readProcFile(`/proc/${this.pid}/stat`);
      const [user = 0, system = 0] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13)
        .map(Number);
      return (user + system) * 10;
    } catch {
      return undefined;
    }
  }

  /** Milliseconds of CPU since the last job began; wall time if the system does not report it. */
  jobMs(): number {
    const { cpuMs, at } = this.#before;
    this.#restedMs = this.cpuMs();
    return (cpuMs === undefined ? undefined : minus(this.#restedMs, cpuMs)) ?? performance.now() - at;
  }

  #order(order: Order, body: readonly Uint8Array[] = []): void {
    if (this.#alive) writeFrame(this.#socket, order, ...body);
  }

  async #reply(): Promise<Reply | undefined> {
    try {
      const { value, done } = await this.#frames.next();
      if (done) return undefined;
      const reply = parseReply(value);
      if (reply.kind === "output" && sniff(reply.encoded.body).type !== reply.encoded.contentType)
        throw new Error("a child's output is not what it says");
      return reply;
    } catch (error) {
      // A broken pipe is how its end looks from here; its own output follows.
      if (!(error instanceof Error && "code" in error)) this.#lastWords ||= String(error);
      this.kill();
      return undefined;
    }
  }

  async #died({ reason, cpuMs }: Pick<WorkerDied, "reason" | "cpuMs">): Promise<WorkerDied> {
    const words = await this.#words();
    const isMemory = reason === "crash" && isOutOfMemory(words);
    return new WorkerDied(isMemory ? "memory" : reason, cpuMs, words, this.isFresh);
  }

  /** The reason why it ended, once all its output is here. */
  async #words(): Promise<string> {
    const end = await Promise.race([this.ended, sleep(END_MS, "it does not end", { ref: false })]);
    return this.#lastWords || end;
  }

  #mostBytes(job: Job): number {
    const held = Math.max(CHILD_BYTES, this.restBytes);
    return held + WATCH_SLACK_BYTES + (job.kind === "versions" ? ORDINARY_BYTES : job.memory);
  }

  #end(): void {
    this.#alive = false;
    this.#socket.destroy();
  }
}

/** The watch's interval is short enough for this, and the limit in the child (memory-limit.ts) applies first. */
const WATCH_SLACK_BYTES = 32 * 2 ** 20;

/** One reply for each output, and one for an error: a child that never stops sending would fill the server's memory. */
function mostReplies(job: Job): number {
  return 1 + (job.kind === "encode" ? job.outputs.length : 1);
}

function minus(later: number | undefined, earlier: number | undefined): number | undefined {
  return later === undefined ? undefined : later - (earlier ?? 0);
}
