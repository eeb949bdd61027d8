import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";
import { descriptorLimit } from "../concurrency/descriptors.ts";

/**
 * Metrics of the process, with the names of prom-client's default metrics. Those are not used, because they observe each garbage
 * collection, which costs a tenth of a hit from memory.
 */
export function reportProcess(registry: Registry): void {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  new Counter({
    registers,
    name: "process_cpu_seconds_total",
    help: "User and system CPU time, without the encoders.",
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      registers,
      name,
      help,
      collect() {
        this.set(read());
      },
    });
  };
  gauge("process_start_time_seconds", "Start time of the process, in seconds since 1970.", () =>
    Math.round(performance.timeOrigin / 1000),
  );
  gauge("process_resident_memory_bytes", "Resident memory of this process, without the encoders.", () =>
    process.memoryUsage.rss(),
  );
  gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use.", () => process.memoryUsage().heapUsed);
  gauge("nodejs_external_memory_bytes", "Memory outside the heap: images and buffers.", () => {
    const { external, arrayBuffers } = process.memoryUsage();
    return external + arrayBuffers;
  });
  gauge("nodejs_eventloop_lag_p99_seconds", "Delay of timers since the last scrape, 99th percentile.", () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
  if (process.platform !== "linux") return;
  const most = descriptorLimit() ?? Number.NaN;
  gauge("process_open_fds", "Open file descriptors.", () => openDescriptors() ?? most);
  gauge("process_max_fds", "Maximum number of open file descriptors.", () => most);
}

/** Undefined if none is left for counting them. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
