import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** One process on a cache folder, like a pod; dev/machine/cache-process.ts describes the roles. */
export interface CacheProcess {
  readonly child: ChildProcess;
  /** Stops a writer that writes until it is stopped. */
  enough(): void;
  /** The counts; undefined if it was killed. @throws Error with its output if it failed. */
  readonly counts: Promise<Counts | undefined>;
}

export type Counts = Readonly<Record<string, unknown>>;

const program = fileURLToPath(new URL("../../../dist/dev/machine/cache-process.js", import.meta.url));

export function startCacheProcess(
  role: "write" | "read" | "race" | "check" | "sweep",
  options: Readonly<Record<string, string | number>>,
): CacheProcess {
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(process.execPath, [program, role, ...flags], { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const counts = outcome(role, child);
  counts.catch(() => undefined);
  return { child, enough: () => void child.stdin.end(), counts };
}

/** Runs one to its end. */
export async function runCacheProcess(...args: Parameters<typeof startCacheProcess>): Promise<Counts> {
  const counts = await startCacheProcess(...args).counts;
  if (counts === undefined) throw new Error(`${args[0]} was killed`);
  return counts;
}

function outcome(role: string, child: ChildProcessWithoutNullStreams): Promise<Counts | undefined> {
  let [out, complaints] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code, signal) => {
      const counts: unknown = code === 0 ? JSON.parse(out) : undefined;
      if (signal !== null) resolve(undefined);
      else if (typeof counts === "object" && counts !== null) resolve({ ...counts });
      else reject(new Error(`${role} ended with ${code}: ${complaints}`));
    });
  });
}
