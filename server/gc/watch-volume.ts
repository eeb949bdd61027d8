import { readUsage } from "../cache/usage.ts";
import type { WithVolume } from "../cache/volume-limiter.ts";
import type { Config } from "../config/load.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RunOptions } from "./run.ts";
import { startTimer, type Timer } from "./schedule.ts";
import { formatSummary } from "./summary.ts";

/** What a configuration says of the cache's bounds. */
export function boundsOf(config: Config): RunOptions {
  return {
    folder: config.cacheDir,
    maxBytes: config.cacheMaxBytes,
    maxFiles: config.cacheMaxFiles,
    minFreeBytes: config.cacheMinFree,
    maxIdleMs: config.cacheMaxIdle,
  };
}

/** The part of the bounds that metrics show. */
export function budgetsOf(config: Config): { readonly maxBytes: number; readonly maxFiles: number } {
  return { maxBytes: config.cacheMaxBytes, maxFiles: config.cacheMaxFiles };
}

/** Keeps the cache within its bounds until it is stopped, and tells of each sweep; the first look is at once. */
export function watchCache(
  config: Config,
  parts: {
    readonly log: Log;
    readonly metrics: Pick<Metrics, "swept" | "used">;
    /** How work on the volume is done: it may hang. */
    readonly withVolume?: WithVolume;
  },
): Timer {
  const { log, metrics, withVolume = (_, work) => work() } = parts;
  const bounds = boundsOf(config);
  let swept = false;
  // Until a sweep is due, a day perhaps, what the last one found is the best that anybody knows. On a volume that hangs
  // that is nothing, and nobody waits for it.
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
