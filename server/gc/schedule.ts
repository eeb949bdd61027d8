import type { ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess } from "../concurrency/child-process.ts";
import type { RunOptions } from "./run.ts";
import type { SweepSummary } from "./sweep.ts";

export interface TimerOptions {
  /** The options of a sweep, which a separate process can get. */
  readonly run: Omit<RunOptions, "signal" | "now">;
  readonly intervalMs: number;
  readonly onSweep: (summary: SweepSummary) => void;
  readonly onError: (error: Error) => void;
}

export interface Timer {
  /** Checks now. */
  readonly nudge: (found?: { readonly volumeIsFull: boolean }) => void;
  /** Ends a running sweep, at any point. */
  readonly stop: () => void;
}

const FULL_REST_MS = 60_000;

/** Sweeps the cache beside the server, when due. It is a separate process: a hung volume blocks only that process. */
export function startTimer(options: TimerOptions): Timer {
  let child: ChildProcess | undefined;
  let ended = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const end = (error?: Error): void => {
    child = undefined;
    ended = performance.now();
    if (error !== undefined && !stopped) options.onError(error);
  };
  const look = (found: { readonly volumeIsFull: boolean } = { volumeIsFull: false }) => {
    if (child !== undefined) return;
    // While all entries are fresh, a sweep frees nothing, however often writers request one.
    if (found.volumeIsFull && performance.now() - ended < FULL_REST_MS) return;
    child = spawnSweep({ ...options.run, ...found }, options.onSweep, end);
  };
  const interval = setInterval(look, options.intervalMs).unref();
  return {
    nudge: look,
    stop: () => {
      stopped = true;
      clearInterval(interval);
      child?.kill("SIGKILL");
    },
  };
}

// --- the sweeping process ---

/**
 * @param onEnd called once, with the error if there is one.
 * @returns undefined if the system gives no process.
 */
function spawnSweep(
  run: TimerOptions["run"],
  onSweep: TimerOptions["onSweep"],
  onEnd: (error?: Error) => void,
): ChildProcess | undefined {
  const started = startProcess(process.execPath, [builtChild(), JSON.stringify(run)], {
    env: {},
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { child } = started;
  if (child === undefined) {
    void started.failure.then((cause) =>
      onEnd(new Error("no process could be started for the sweep of the cache", { cause })),
    );
    return undefined;
  }
  const output = collectText(child.stdout);
  const complaints = collectText(child.stderr);
  child.on("close", (code, signal) => {
    const words = complaints().trim().slice(-500) || `it was ended by ${signal}`;
    const failed = new Error(`the sweep of the cache failed: ${words}`);
    try {
      // From child.ts, of this same program; empty if no sweep was due.
      if (code === 0 && output() !== "") onSweep(JSON.parse(output()) as SweepSummary);
      onEnd(code === 0 ? undefined : failed);
    } catch {
      onEnd(failed);
    }
  });
  giveWay(child);
  return child;
}

function collectText(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  return () => text;
}

function giveWay(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // The system may not allow it; the work is the same.
  }
}

/** The built program, also for tests, which run the sources: Node 20 does not run TypeScript. */
function builtChild(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith(".ts")
    ? join(dirname(here), "../../dist/server/gc/child.js")
    : join(dirname(here), "child.js");
}
