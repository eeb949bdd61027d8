import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { type Started, startProcess } from "../../concurrency/child-process.ts";
import { type Confinement, unconfined } from "./confinement.ts";
import { encoderProgram } from "./encoder-program.ts";

/** How an encoder process is started. */
export interface EncoderOptions {
  /** The child's module: the built child/main.js, unless a test has another. */
  readonly module?: string;
  /** The whole environment of the child; a benchmark tries other allocators. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Another user for the children, if the server can switch users: then a decoder owns no file of the server. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Called for each child: if the first one does not start confined, the others do not try. */
  readonly confinement?: () => Confinement;
}

/**
 * One heap, and a separate mapping for each allocation above 8 MiB, so that it returns to the system when it is freed: glibc's
 * dynamic threshold would keep up to 32 MiB. A third less memory than with two heaps, at the same CPU (`npm run bench -- memory`).
 */
export const allocator = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "8388608",
  MALLOC_TRIM_THRESHOLD_: "8388608",
} as const;

export interface StartedEncoder {
  readonly started: Started;
  /** The pipe for jobs. */
  readonly socket: Socket;
  /** Resolves with the way it ended, when its memory has returned to the system. */
  readonly ended: Promise<string>;
}

/** Never throws: the system may give no process. */
export function startEncoder(options: EncoderOptions): StartedEncoder {
  const { prefix } = options.confinement?.() ?? unconfined;
  const command = [...prefix, process.execPath, "--expose-gc", options.module ?? encoderProgram()];
  const started = startProcess(command[0] ?? "", command.slice(1), {
    // Nothing of the server's environment: a decoder that executes an attacker's code finds no credentials in it.
    env: { UV_THREADPOOL_SIZE: "2", ...(options.environment ?? allocator) },
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    ...options.user,
  });
  const { child } = started;
  return {
    started,
    socket: socketOf(child),
    ended: child === undefined ? Promise.resolve("it did not start") : endOf(child),
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve(`it ended with ${signal ?? code}`));
  });
}

/** The pipe for jobs; for a child that does not run, a closed one. */
function socketOf(child: ChildProcess | undefined): Socket {
  const socket = child?.stdio[3];
  return socket instanceof Socket ? socket : new Socket().destroy();
}
