// Preloaded into a server by a test: from one SIGUSR2 to the next it measures, and then writes to LOOP_FILE as JSON, the
// longest time between two turns of the event loop, and the most CPU that its thread used between two, which says more on
// a busy machine; both in milliseconds.
import { readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const delay = monitorEventLoopDelay({ resolution: 5 });
let cpu = 0;

// The start has blocks of its own.
process.once("SIGUSR2", () => {
  delay.enable();
  let last = cpuMs();
  setInterval(() => {
    const now = cpuMs();
    cpu = Math.max(cpu, now - last);
    last = now;
  }, 5).unref();
  // Not while it is measured: a write may wait for the disk.
  process.once("SIGUSR2", () => {
    writeFileSync(process.env.LOOP_FILE, JSON.stringify({ wall: delay.max / 1e6, cpu }));
  });
});

/** Of this thread, without the collector's helpers and the thread pool. */
function cpuMs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}
