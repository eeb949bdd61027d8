import { printableLines } from "../contract/printable.ts";
import { CannotRun } from "./cannot-run.ts";
import { Unanswered } from "./proxy/request.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/*
 * Each command loads its own modules: loading those of all commands takes as much CPU as reading 300 posts.
 */

/**
 * `imgproxy-lite scan`.
 * @returns the exit code: 0 no problem, 1 problems in the content, 2 it could not run, 130 interrupted.
 */
export function scan(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("scan", async (signal) => {
    const { runScan } = await import("./commands/scan.ts");
    return runScan(argv, env, signal);
  });
}

/**
 * `imgproxy-lite doctor` in a site.
 * @returns the exit code: 0 all is well, 1 problems, 2 it could not run, 130 interrupted.
 */
export function doctor(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("doctor", async (signal) => {
    const { runDoctor } = await import("./commands/doctor.ts");
    return runDoctor(argv, env, signal);
  });
}

/**
 * `imgproxy-lite init` in a site.
 * @returns the exit code: 0 done, 1 something is left to do by hand, 2 it could not run, 130 interrupted.
 */
export function init(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("init", async (signal) => {
    const { runInit } = await import("./commands/init.ts");
    return runInit(argv, env, signal);
  });
}

/**
 * `imgproxy-lite move` in a site.
 * @returns the exit code: 0 done, 1 a photograph cannot be moved because of an error, 2 it could not run, 130 interrupted.
 */
export function move(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("move", async (signal) => {
    // The AWS SDK would print six lines on an old Node.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const { runMove } = await import("./commands/move.ts");
    return runMove(argv, env, signal);
  });
}

/** Runs a command until it ends or a signal interrupts it. @returns the exit code. */
async function untilInterrupted(
  command: "scan" | "doctor" | "init" | "move",
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort(new Error("interrupted"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`imgproxy-lite ${command}: ${printableLines(await wordsFor(error))}\n`);
    return 2;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** An unexpected error shows its stack. */
async function wordsFor(error: unknown): Promise<string> {
  if (error instanceof CannotRun || error instanceof Unanswered) return error.message;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { systemErrorWords } = await import("./report/system-error.ts");
  return systemErrorWords(error) ?? stack;
}
