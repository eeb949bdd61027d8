import { toNodeHandler } from "h3";
import type { Config } from "../config/load.ts";
import { Repairable } from "../errors.ts";
import { createAdmin } from "../front/admin.ts";
import { listen } from "../http/listen.ts";
import { createLog, standardOutput } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { run } from "./run.ts";
import { formatSummary } from "./summary.ts";
import { boundsOf, budgetsOf, watchCache } from "./watch-volume.ts";

/** A folder that is not a cache, or that cannot be swept; the message has the reason. */
export class CannotSweep extends Repairable {}

/** The line of one sweep. @throws CannotSweep */
export async function sweepOnce(config: Config, dryRun: boolean): Promise<string> {
  const bounds = boundsOf(config);
  try {
    return formatSummary(await run({ ...bounds, dryRun }), bounds);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new CannotSweep(
      `CACHE_DIR: ${bounds.folder} cannot be swept: ${words}; name the server's folder with --cache`,
      { cause },
    );
  }
}

/** The GC as a separate process, with its own admin port. @throws CannotListen */
export async function startWatching(
  config: Config,
  version: string,
): Promise<{ readonly stop: () => Promise<void> }> {
  const log = createLog({ level: config.logLevel, destination: standardOutput() });
  const metrics = createMetrics({ version, watchProcess: true, sweeps: budgetsOf(config) });
  const listener = toNodeHandler(createAdmin({ metrics, ready: () => true }));
  const admin = await listen(listener, { name: "ADMIN_PORT", port: config.adminPort, host: config.host });
  const timer = watchCache(config, { log, metrics });
  log.info("the cache is watched", { folder: config.cacheDir, admin: admin.url });
  return {
    stop: async () => {
      timer.stop();
      await admin.close(config.drainTimeout);
    },
  };
}
