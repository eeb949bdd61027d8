import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** A program that runs until it is stopped. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** What said that it is ready: the match of the expression, with its groups. A log file has it a moment later. */
  readonly ready: RegExpExecArray;
  /** Resolves when it has ended, for any reason. */
  readonly ended: Promise<string>;
  /** Signals it to end, with SIGTERM or another signal; kills it if it does not. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The program, and its environment in addition to this process's. */
export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file for the output of a started program; by default the output is discarded. */
  readonly log?: string;
}

/**
 * Starts a program and waits for the line that says it is ready.
 * @throws Error with its output if it ends before that.
 */
export async function startProgram(command: Command, ready: RegExp, signal: AbortSignal): Promise<Program> {
  signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = endOf(child, command.name);
  if (command.log !== undefined) keepLog(child, command.log);
  const stop = (signal?: NodeJS.Signals): Promise<void> => stopProgram(child, command.name, ended, signal);
  try {
    const match = await readyMatch(child, command.name, ready, signal);
    return { name: command.name, pid: child.pid ?? 0, ready: match, ended, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Runs a program to its end and shows its output. Returns its exit code. */
export async function runProgram(command: Command, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  // In an orderly way: SIGKILL would leave half-written files.
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const [code] = await once(child, "exit");
  signal.throwIfAborted();
  return typeof code === "number" ? code : 1;
}

// --- a child ---

const GRACE_MILLISECONDS = 10_000;

async function stopProgram(
  child: ChildProcess,
  name: string,
  ended: Promise<string>,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<void> {
  child.kill(signal);
  const hung = setTimeout(() => {
    console.error(`${name} did not end ${GRACE_MILLISECONDS / 1000} s after the signal, and is killed`);
    child.kill("SIGKILL");
  }, GRACE_MILLISECONDS);
  await ended;
  clearTimeout(hung);
}

function keepLog(child: ChildProcess, file: string): void {
  const log = createWriteStream(file, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once("close", () => log.end());
}

function endOf(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`${name} cannot be run: ${error.message}`));
    child.once("exit", (code, signal) => resolve(`${name} ended (${signal ?? `exit code ${code}`})`));
  });
}

function readyMatch(
  child: ChildProcess,
  name: string,
  ready: RegExp,
  signal: AbortSignal,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = "";
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = ready.exec(output);
      if (match === null) return;
      resolve(match);
      // Keep reading, or the program would block; but store nothing.
      child.stdout?.off("data", onData).resume();
      child.stderr?.off("data", onData).resume();
    };
    child.stdout?.on("data", onData);
    child.stderr?.on("data", onData);
    void endOf(child, name).then((end) => reject(new Error(`${end}:\n${output}`)));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
