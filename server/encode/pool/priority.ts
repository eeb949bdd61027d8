import type { ChildProcess } from "node:child_process";
import { constants, getPriority, setPriority } from "node:os";
import { startProcess } from "../../concurrency/child-process.ts";
import type { Lane } from "../encoder.ts";

/** Call it at once, while the child has one thread: on Linux niceness belongs to a thread, and later threads inherit it. */
export function lowerPriority(child: ChildProcess, lane: Lane): void {
  if (child.pid === undefined) return;
  try {
    setPriority(child.pid, nicenessOf(lane));
  } catch {
    // It may be gone already, or the system may not allow it; the work is the same.
  }
  if (lane === "warm" && process.platform === "linux") onlyIdleTime(child.pid);
}

/**
 * Encodes give way to hits, and warm work gives way to readers, also under a server that itself was started with nice: half of what is
 * left to it is for readers.
 */
function nicenessOf(lane: Lane): number {
  const lowest = constants.priority.PRIORITY_LOW;
  return lane === "warm" ? lowest : Math.round((getPriority() + lowest) / 2);
}

/**
 * SCHED_IDLE: niceness shares the CPU, but a nice process can finish its slice of 3 ms before a hit is served; an idle-class
 * process is preempted at once. Node cannot set it; util-linux can. If that is missing or cannot be started, niceness must be
 * enough.
 */
function onlyIdleTime(pid: number): void {
  const chrt = startProcess("chrt", ["--all-tasks", "--idle", "--pid", "0", String(pid)], {
    stdio: "ignore",
    env: { PATH: "/usr/bin:/bin" },
  });
  chrt.child?.unref();
}
