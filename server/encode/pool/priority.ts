import type { ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { startProcess } from "../../concurrency/child-process.ts";
import type { Lane } from "../encoder.ts";

/** Encodes give way to hits, and what is made ahead gives way to readers. */
const niceness = { live: constants.priority.PRIORITY_BELOW_NORMAL, warm: constants.priority.PRIORITY_LOW };

/** At once, while the child has one thread: on Linux niceness is a thread's, and later threads inherit it. */
export function lowerPriority(child: ChildProcess, lane: Lane): void {
  if (child.pid === undefined) return;
  try {
    setPriority(child.pid, niceness[lane]);
  } catch {
    // It may be gone already, or the system may not allow it; the work is the same.
  }
  if (lane === "warm" && process.platform === "linux") onlyIdleTime(child.pid);
}

/**
 * SCHED_IDLE: niceness shares the CPU out, but a nice process that runs may finish its slice of 3 ms before a hit is
 * looked at; an idle one is taken off at once. Node has no call for it, util-linux has; where that is absent or cannot be
 * started, niceness must do.
 */
function onlyIdleTime(pid: number): void {
  const chrt = startProcess("chrt", ["--all-tasks", "--idle", "--pid", "0", String(pid)], {
    stdio: "ignore",
    env: { PATH: "/usr/bin:/bin" },
  });
  chrt.child?.unref();
}
