// Preloaded into a server by a test: writes to LOOP_FILE, as JSON, the longest time between two turns of its event loop,
// and the most CPU that the process used between two, which says more on a busy machine; both in milliseconds.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const delay = monitorEventLoopDelay({ resolution: 5 });
let cpu = 0;

// The start has blocks of its own.
process.once("SIGUSR2", () => {
  delay.enable();
  let last = process.cpuUsage();
  setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    cpu = Math.max(cpu, (user + system) / 1e3);
  }, 5).unref();
  setInterval(() => {
    writeFileSync(process.env.LOOP_FILE, JSON.stringify({ wall: delay.max / 1e6, cpu }));
  }, 200).unref();
});
