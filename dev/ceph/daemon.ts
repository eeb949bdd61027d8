import { execFile, spawn } from "node:child_process";
import { existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** Where a throw-away cluster lives; plain data, so that a test's worker can have it. */
export interface Ceph {
  /** All that the cluster keeps: delete it and it never was. */
  readonly folder: string;
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Readable with the keys only. */
  readonly bucket: string;
  /** Anyone may read its objects; nobody may list them, so that a missing key is 403 (as S3 has it). */
  readonly publicBucket: string;
}

/** A program of the cluster, named as its pid file is: `mon`, `osd`, `mds`, `rgw`, `client.1`. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export function confOf(folder: string): string {
  return join(folder, "ceph.conf");
}

/** The radosgw of a cluster: start it again after a test killed it. */
export function rgwOf(ceph: Pick<Ceph, "endpoint">): Daemon {
  const { host } = new URL(ceph.endpoint);
  return {
    name: "rgw",
    command: "radosgw",
    args: ["-n", "client.rgw", "--rgw-frontends", `beast endpoint=${host}`],
  };
}

/** Starts a daemon that outlives this process. Returns once it runs, which is not yet once it answers. */
export async function startDaemon(folder: string, { name, command, args }: Daemon): Promise<void> {
  const log = openSync(join(folder, `${name}.out`), "a");
  const child = spawn(command, [...args, "-f", "-c", confOf(folder)], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => reject(cannotRun(command, cause)));
  });
  child.unref();
  await writeFile(pidFile(folder, name), String(child.pid));
}

/**
 * Sends a signal; a test's way to a hung (`SIGSTOP`, `SIGCONT`) or lost (`SIGKILL`) daemon. Returns after `SIGSTOP` once
 * none of its threads runs: on a busy machine one may answer for a while. False when it is gone.
 */
export function signalDaemon(folder: string, name: string, signal: NodeJS.Signals): boolean {
  const pid = pidOf(folder, name);
  if (pid === undefined) return false;
  process.kill(pid, signal);
  if (signal === "SIGSTOP") while (runs(pid)) pause(5);
  return true;
}

/** Ends a daemon at once, suspended or not, and returns when it is gone. */
export async function stopDaemon(folder: string, name: string): Promise<void> {
  while (signalDaemon(folder, name, "SIGKILL")) await sleep(20);
  await rm(pidFile(folder, name), { force: true });
}

/** Runs a command of Ceph's on the cluster. @throws Error with what it printed. */
export async function runCeph(folder: string, command: string, ...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, ["-c", confOf(folder), ...args], { timeout: 60_000 });
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw missing ? cannotRun(command, cause) : cause;
  }
}

/** @throws the last failure of `attempt`, after `seconds` of them. */
export async function until(what: string, seconds: number, attempt: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + seconds * 1000; ; await sleep(100)) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() > end) throw new Error(`${what} does not work after ${seconds} s`, { cause });
    }
  }
}

function cannotRun(command: string, cause: unknown): Error {
  return new Error(`cannot run ${command}; npm run ceph -- --help names the packages it is in`, { cause });
}

// --- processes ---

/** Whether any thread of a process does anything but stand still. */
function runs(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.some(
      (thread) => !/\) [TtZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")),
    );
  } catch {
    // A thread has just ended, or all of it has: then it is not found the next time.
    return existsSync(`/proc/${pid}`);
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

// --- pid files ---

function pidFile(folder: string, name: string): string {
  return join(folder, `${name}.pid`);
}

/** Pids are used again: one counts only while its command line names our ceph.conf. */
function pidOf(folder: string, name: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(folder, name), "utf8"));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return commandLine.split("\0").includes(confOf(folder)) ? pid : undefined;
  } catch {
    return undefined;
  }
}
