import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMsOf, privateBytesOf } from "./cpu.ts";

/** A process and all its descendants. */
export interface Process {
  /** CPU time since it started, in milliseconds. */
  cpuMs(): number;
  privateBytes(): number;
}

/** A server that the bench started. */
export interface Started extends Process {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  /** Milliseconds from exec to the first good response, with an error of 5 ms. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it listens. */
  readonly url: string;
  /** URL that answers 200 once it is up. */
  readonly ready: string;
  /** File for its output, like a container's log. */
  readonly log: string;
}

/** Every process that was started and not stopped yet, so that a failed run leaves none behind. */
const running = new Set<Started>();

/** @throws Error with the end of the log if the server exits or is not up within a minute. */
export async function startServer({ file, args, env = {}, url, ready, log }: Command): Promise<Started> {
  const began = performance.now();
  const output = openSync(log, "w");
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", output, output],
  });
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => resolve()).once("error", () => resolve()),
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${file}; is it installed?`);
  const started: Started = {
    pid,
    url,
    startMs: await untilReady(ready, child, began).catch((cause: unknown) => {
      child.kill("SIGKILL");
      const said = readFileSync(log, "utf8").slice(-2000);
      throw new Error(`${path.basename(file)} ${args[0]} is not up at ${ready}: ${String(cause)}\n${said}`);
    }),
    cpuMs: () => cpuMsOf(pid),
    privateBytes: () => privateBytesOf(pid),
    async stop() {
      running.delete(started);
      await end(child, ended);
    },
  };
  running.add(started);
  return started;
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
}

// --- waiting ---

async function untilReady(url: string, child: ChildProcess, began: number): Promise<number> {
  while (performance.now() - began < MOST_MS) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it has ended");
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.ok === true) return performance.now() - began;
    await sleep(5);
  }
  throw new Error(`not within ${MOST_MS / 1000} s`);
}

/** Long enough for a machine that is busy. */
const MOST_MS = 60_000;

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const cut = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(cut);
}
