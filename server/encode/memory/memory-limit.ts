import { once } from "node:events";
import { startProcess } from "../../concurrency/child-process.ts";
import { readProcessMemory } from "./process-memory.ts";

/** Stacks of threads that the first job starts: private and writable, and hardly touched. */
const THREADS_BYTES = 32 * 2 ** 20;

/**
 * A limit on this process's private writable memory (RLIMIT_DATA): what is beyond it fails in libvips, and the child lives.
 * RLIMIT_AS would count the program and what Node reserves without using it. Node has no call for it, util-linux has; where
 * that is absent, the server watches (memory-watch.ts).
 */
export class MemoryLimit {
  readonly #restBytes: number | undefined;
  #bytes: number | undefined;

  /** Before the first job. */
  constructor() {
    this.#restBytes = readProcessMemory("self")?.dataBytes;
  }

  /** @param bytes beside what the process had before its first job. */
  async set(bytes: number): Promise<void> {
    if (this.#restBytes === undefined || bytes === this.#bytes) return;
    this.#bytes = bytes;
    const most = Math.ceil(this.#restBytes + THREADS_BYTES + bytes);
    // The soft limit alone, which may be raised again for a larger job.
    const { child } = startProcess("prlimit", [`--pid=${process.pid}`, `--data=${most}:`], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin" },
    });
    if (child !== undefined) await once(child, "exit");
  }
}

/**
 * Whether an error is a decoder's or an encoder's way to say that it got no memory: libvips, libpng, libheif and aom,
 * libjpeg, libwebp, Node, C++ and glib, each in its own words.
 */
export function isOutOfMemory(error: unknown): boolean {
  return /out of memory|memory allocation|insufficient memory|failed to allocate|allocation (?:failed|failure)|bad_alloc|cannot allocate/i.test(
    String(error),
  );
}
