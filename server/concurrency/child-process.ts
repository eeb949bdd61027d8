import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

/** The result of a start: a running process, or none. */
export type Started =
  | { readonly child: ChildProcess }
  | { readonly child: undefined; readonly failure: Promise<Error> };

/**
 * Starts a process and never throws. Without memory (ENOMEM) `spawn` throws; without descriptors (EMFILE, ENFILE), processes
 * (EAGAIN) or the program (ENOENT) it returns a child without a pid, perhaps without pipes, and emits an `error` later, which
 * ends the server if nobody listens.
 */
export function startProcess(file: string, args: readonly string[], options: SpawnOptions): Started {
  let child: ChildProcess;
  try {
    child = spawn(file, args, options);
  } catch (cause) {
    return {
      child: undefined,
      failure: Promise.resolve(cause instanceof Error ? cause : new Error(String(cause))),
    };
  }
  const failure = new Promise<Error>((resolve) => child.on("error", resolve));
  // A broken pipe is noticed where it is used; it must not end the server.
  const pipes = (child.stdio ?? []).filter((pipe) => pipe !== null);
  for (const pipe of pipes) pipe?.on("error", () => undefined);
  if (child.pid !== undefined) return { child };
  for (const pipe of pipes) pipe?.destroy();
  return { child: undefined, failure };
}
