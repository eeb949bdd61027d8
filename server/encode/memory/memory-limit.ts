import { once } from "node:events";
import { startProcess } from "../../concurrency/child-process.ts";
import { CHILD_BYTES } from "./encoder-memory.ts";
import { readProcessMemory } from "./process-memory.ts";

/** Stacks of threads that the first job starts: private and writable, but mostly unused. */
const THREADS_BYTES = 32 * 2 ** 20;

/** A limit that is lower by less than this stays: each change costs a process. */
const LEEWAY_BYTES = 8 * 2 ** 20;

/**
 * A limit on this process's private writable memory (RLIMIT_DATA): above it, libvips fails and the child survives. RLIMIT_AS would
 * also count the program, and address space that Node only reserves. Node cannot set it; util-linux can. Without util-linux, the
 * server watches (memory-watch.ts).
 *
 * The kernel counts memory that is not used too, such as stacks. Hence the limit is what is private and unused now, and the bytes that
 * the server charges for this child and its job: a job has room for its estimate whatever the jobs before it have left behind.
 */
export class MemoryLimit {
  #restBytes: number | undefined;
  #limit: number | undefined;

  /** @param bytes for the job, in addition to those at rest. */
  async set(bytes: number): Promise<void> {
    const memory = readProcessMemory("self");
    if (memory === undefined) return;
    const unused = memory.dataBytes - memory.privateBytes + (this.#limit === undefined ? THREADS_BYTES : 0);
    const most = Math.ceil(unused + Math.max(CHILD_BYTES, this.#restBytes ?? 0) + bytes);
    if (this.#limit !== undefined && this.#limit <= most && most - this.#limit <= LEEWAY_BYTES) return;
    this.#limit = most - LEEWAY_BYTES / 2;
    // Only the soft limit, which can be raised again for a larger job.
    const { child } = startProcess("prlimit", [`--pid=${process.pid}`, `--data=${this.#limit}:`], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin" },
    });
    if (child !== undefined) await once(child, "exit");
  }

  /** After a job: the bytes at rest, which the server charges from now on. */
  rest(): number {
    this.#restBytes = readProcessMemory("self")?.privateBytes;
    return this.#restBytes ?? process.memoryUsage.rss();
  }
}

/**
 * Whether an error of a decoder or encoder, or its cause, means that it got no memory: libvips, libpng, libheif and aom, libjpeg, libwebp,
 * Node, C++ and glib, each with its own message. Each was seen below a limit that was raised in small steps; libwebp also says "unable to
 * encode" and "unable to read pixels", as it does of other faults.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (messages.test(String(error))) return true;
  return error instanceof Error && error.cause !== undefined && isOutOfMemory(error.cause);
}

const messages = new RegExp(
  [
    "out of memory|memory allocation|insufficient memory|bad_alloc|cannot allocate|memory error",
    "failed to allocate|allocation (?:failed|failure)|allocating \\d+ bytes failed",
    "error creating thread|av1_create_context_and_bufferpool|undefined aom error",
  ].join("|"),
  "i",
);
