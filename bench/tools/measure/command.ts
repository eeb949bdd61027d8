import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import type { Measured } from "./alternate.ts";

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For its output. */
  readonly log: string;
  /** Exit codes that count as success; default 0. */
  readonly done?: readonly number[];
}

/**
 * Runs a program to its end.
 * @returns `cpuMs` of it and its children, `wallMs`, and `peakBytes`, the most resident memory of it alone.
 * @throws Error with the end of its output when it fails.
 */
export async function measureProgram(program: Program): Promise<Measured> {
  const { file, args, cwd, env = {}, log, done = [0] } = program;
  const output = openSync(log, "w");
  const before = childrenCpuMs();
  const began = performance.now();
  const child = spawn(file, args, {
    stdio: ["ignore", output, output],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let peakBytes = 0;
  const watching = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  }, 50);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("exit", resolve),
  );
  clearInterval(watching);
  if (!done.includes(code ?? -1))
    throw new Error(
      `${file} ${args.join(" ")} ended with ${code}:\n${readFileSync(log, "utf8").slice(-2000)}`,
    );
  return { cpuMs: childrenCpuMs() - before, wallMs: performance.now() - began, peakBytes };
}

// --- /proc ---

/** CPU time of all children that this process has waited for: proc(5), fields 16 and 17. */
function childrenCpuMs(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
