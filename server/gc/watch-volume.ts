import { readUsage } from "../cache/usage.ts";
import type { WithVolume } from "../cache/volume-limiter.ts";
import type { Config } from "../config/load.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RunOptions } from "./run.ts";
import { startTimer, type Timer } from "./schedule.ts";
import { formatSummary } from "./summary.ts";

/** The limits of the cache in a configuration. */
export function boundsOf(config: Config): RunOptions {
  return {
    folder: config.cacheDir,
    maxBytes: config.cacheMaxBytes,
    maxFiles: config.cacheMaxFiles,
    minFreeBytes: config.cacheMinFree,
    maxIdleMs: config.cacheMaxIdle,
  };
}

/** The part of the limits that metrics show. */
export function budgetsOf(config: Config): { readonly maxBytes: number; readonly maxFiles: number } {
  return { maxBytes: config.cacheMaxBytes, maxFiles: config.cacheMaxFiles };
}

/** Keeps the cache within its limits until it is stopped, and reports each sweep; the first check is at once. */
export function watchCache(
  config: Config,
  parts: {
    readonly log: Log;
    readonly metrics: Pick<Metrics, "swept" | "used">;
    /** Runs work on the volume, which may hang. */
    readonly withVolume?: WithVolume;
  },
): Timer {
  const { log, metrics, withVolume = (_, work) => work() } = parts;
  const bounds = boundsOf(config);
  let swept = false;
  // Until a sweep is due, which can take a day, the last one's result is the best estimate. On a hung volume there is none, and
  // nobody waits for it.
  const known = withVolume("read", () => readUsage(bounds.folder)).catch(() => undefined);
  void known.then((usage) => {
    if (usage !== undefined && !swept) metrics.used(usage);
  });
  const timer = startTimer({
    run: bounds,
    intervalMs: config.gcInterval,
    onSweep: (summary) => {
      swept = true;
      metrics.swept(summary);
      log.info(`the cache was swept: ${formatSummary(summary, bounds)}`, { sweep: summary });
    },
    onError: (error) => {
      metrics.swept(undefined);
      log.warn("the cache could not be swept", { error });
    },
  });
  timer.nudge();
  return timer;
}
