import { readFileSync } from "node:fs";

/** Measures the encoders of a server repeatedly, until it is stopped. */
export interface MemoryWatch {
  /** Maximum bytes of all of them together in one measurement. */
  readonly peak: () => number;
  readonly stop: () => void;
}

const LOOK_MS = 50;

/** Needs Linux's /proc; without it the peak stays 0. */
export function watchEncoders(pid: number): MemoryWatch {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(
      peak,
      childrenOf(pid)
        .map(residentBytes)
        .reduce((sum, bytes) => sum + bytes, 0),
    );
  };
  const timer = setInterval(look, LOOK_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

// --- /proc ---

function childrenOf(pid: number): string[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
  // The sweep of the cache is a child too.
  return children.filter((child) => child !== "" && read(`/proc/${child}/cmdline`).includes("encode/child"));
}

function residentBytes(pid: string): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Empty when the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
