import { once } from "node:events";
import { startProcess } from "../../concurrency/child-process.ts";
import { readProcessMemory } from "./process-memory.ts";

/** Stacks of threads that the first job starts: private and writable, but mostly unused. */
const THREADS_BYTES = 32 * 2 ** 20;

/**
 * A limit on this process's private writable memory (RLIMIT_DATA): above it, libvips fails and the child survives. RLIMIT_AS would
 * also count the program, and address space that Node only reserves. Node cannot set it; util-linux can. Without util-linux, the
 * server watches (memory-watch.ts).
 */
export class MemoryLimit {
  readonly #restBytes: number | undefined;
  #bytes: number | undefined;

  /** Before the first job. */
  constructor() {
    this.#restBytes = readProcessMemory("self")?.dataBytes;
  }

  /** @param bytes in addition to those before the first job. */
  async set(bytes: number): Promise<void> {
    if (this.#restBytes === undefined || bytes === this.#bytes) return;
    this.#bytes = bytes;
    const most = Math.ceil(this.#restBytes + THREADS_BYTES + bytes);
    // Only the soft limit, which can be raised again for a larger job.
    const { child } = startProcess("prlimit", [`--pid=${process.pid}`, `--data=${most}:`], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin" },
    });
    if (child !== undefined) await once(child, "exit");
  }
}

/**
 * Whether an error of a decoder or encoder means that it got no memory: libvips, libpng, libheif and aom, libjpeg, libwebp, Node,
 * C++ and glib, each with its own message.
 */
export function isOutOfMemory(error: unknown): boolean {
  return /out of memory|memory allocation|insufficient memory|failed to allocate|allocation (?:failed|failure)|bad_alloc|cannot allocate/i.test(
    String(error),
  );
}
