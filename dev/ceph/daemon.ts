import { execFile, spawn } from "node:child_process";
import { existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** Paths of a temporary cluster; plain data, so that a test worker can have it. */
export interface Ceph {
  /** All data of the cluster: deleting it deletes the cluster. */
  readonly folder: string;
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** A bucket that is readable only with the keys. */
  readonly bucket: string;
  /** Anyone can read its objects; nobody can list them, so a missing key is 403 (as in S3). */
  readonly publicBucket: string;
}

/** A program of the cluster, with the name of its pid file: `mon`, `osd`, `mds`, `rgw`, `client.1`. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export function confOf(folder: string): string {
  return join(folder, "ceph.conf");
}

/** The radosgw of a cluster, to start it again after a test killed it. */
export function rgwOf(ceph: Pick<Ceph, "endpoint">): Daemon {
  const { host } = new URL(ceph.endpoint);
  return {
    name: "rgw",
    command: "radosgw",
    args: ["-n", "client.rgw", "--rgw-frontends", `beast endpoint=${host}`],
  };
}

/** Starts a daemon that outlives this process. Returns once it runs, before it answers. */
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
 * Sends a signal, so that a test can hang (`SIGSTOP`, `SIGCONT`) or kill (`SIGKILL`) a daemon. After `SIGSTOP` it returns once
 * no thread runs: on a busy machine one may still answer for a while. False if the daemon is gone.
 */
export function signalDaemon(folder: string, name: string, signal: NodeJS.Signals): boolean {
  const pid = pidOf(folder, name);
  if (pid === undefined) return false;
  process.kill(pid, signal);
  if (signal === "SIGSTOP") while (runs(pid)) pause(5);
  return true;
}

/** Kills a daemon at once, also a suspended one, and returns when it is gone. */
export async function stopDaemon(folder: string, name: string): Promise<void> {
  while (signalDaemon(folder, name, "SIGKILL")) await sleep(20);
  await rm(pidFile(folder, name), { force: true });
}

/** Runs a Ceph command on the cluster. @throws Error with its output. */
export async function runCeph(folder: string, command: string, ...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, ["-c", confOf(folder), ...args], { timeout: 300_000 });
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw missing ? cannotRun(command, cause) : cause;
  }
}

/** @throws the last failure of `attempt`, after five minutes of them: only what hangs takes as long, also on a busy machine. */
export async function until(what: string, attempt: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + 300_000; ; await sleep(100)) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() > end) throw new Error(`${what} does not work after five minutes`, { cause });
    }
  }
}

function cannotRun(command: string, cause: unknown): Error {
  return new Error(`cannot run ${command}; npm run ceph -- --help names the packages it is in`, { cause });
}

// --- processes ---

/** Whether any thread of a process is running. */
function runs(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.some(
      (thread) => !/\) [TtZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")),
    );
  } catch {
    // If a thread, or the process, has just ended, the next check does not find it.
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

/** Pids are reused: one counts only if its command line names our ceph.conf. */
function pidOf(folder: string, name: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(folder, name), "utf8"));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return commandLine.split("\0").includes(confOf(folder)) ? pid : undefined;
  } catch {
    return undefined;
  }
}
