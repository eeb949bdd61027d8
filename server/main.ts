import { readFileSync } from "node:fs";
import { toNodeHandler } from "h3";
import { createAdmin } from "./admin.ts";
import { createDiskCache } from "./cache/disk.ts";
import { clientAddress } from "./client.ts";
import { type Config, helpText, InvalidConfig, loadConfig } from "./config.ts";
import { createPool } from "./encode/pool.ts";

import { CannotSweep, startWatching, sweepOnce } from "./gc/program.ts";
import type { Timer } from "./gc/timer.ts";
import { budgetsOf, watchCache } from "./gc/watch.ts";

import { askHealth } from "./health.ts";
import { CannotListen, type Listening, listen } from "./listen.ts";
import { createLog, standardOutput } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { openPublished } from "./published.ts";
import { createService } from "./service.ts";
import { observeSource } from "./source/observe.ts";
import { NoSource, type OpenSourceOptions, openSource } from "./source/open.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the server until SIGTERM or SIGINT; returns the exit code. */
export async function serve(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("serve", argv, env);
    if (switches.help) return say(helpText("serve"));
    const running = await start(config);
    await signalled("SIGTERM", "SIGINT");
    await running.stop();
    return 0;
  } catch (error) {
    return complain(error);
  }
}

/** Sweeps the cache once, or with --watch until SIGTERM or SIGINT; returns the exit code. */
export async function gc(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("gc", argv, env);
    if (switches.help) return say(helpText("gc"));
    if (!switches.watch) return say(`${await sweepOnce(config, switches.dryRun)}\n`);
    const watching = await startWatching(config, version());
    await signalled("SIGTERM", "SIGINT");
    await watching.stop();
    return 0;
  } catch (error) {
    return complain(error);
  }
}

/** Asks the server of this machine whether it lives; returns the exit code. */
export async function health(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("health", argv, env);
    if (switches.help) return say(helpText("health"));
    const problem = await askHealth(config.adminPort, 4_000);
    if (problem === undefined) return 0;
    process.stderr.write(`${problem}\n`);
    return 1;
  } catch (error) {
    return complain(error);
  }
}

/** A server in this process. */
export interface Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Answers what is under way, takes nothing new, and ends the encoders. */
  stop(): Promise<void>;
}

/** @throws CannotListen when a port is taken. */
export async function start(config: Config): Promise<Running> {
  const log = createLog({ level: config.logLevel, destination: standardOutput() });
  const sweeping = config.gcInterval > 0;
  const metrics = createMetrics({
    version: version(),
    watchProcess: true,
    ...(sweeping && { sweeps: budgetsOf(config) }),
  });
  let timer: Timer | undefined;
  const { source, policy, name } = await openSource(sourceOptions(config));
  const cache = await createDiskCache({
    folder: config.cacheDir,
    namespace: name,
    onFailure: (failure, error) => {
      metrics.cacheFailed(failure);
      if (failure === "full") timer?.nudge();
      log.warn("the cache volume failed", { failure, error });
    },
  });
  const pool = createPool({
    slots: { live: config.encoders, warm: config.warmEncoders },
    deadlineMs: { live: config.encodeTimeout, warm: config.warmTimeout },
    maxJobs: { live: config.queueLimit, warm: 64 },
  });
  const published = await openPublished({
    folder: config.cacheDir,
    keep: config.publishedKeep,
    defaultQuality: config.defaultQuality,
    nameOf: (variant) => cache.nameOf(variant),
    changed: () => service.hot.clear(),
  });
  const service = createService({
    source: observeSource(source, metrics),
    cache,
    encoder: pool,
    policy,
    published,
    log,
    metrics,
    options: {
      ...config,
      tokens: config.token,
      client: (peer, forwardedFor) => clientAddress(peer, forwardedFor, config.trustedProxies),
      dev: config.dev === "on",
    },
  });
  metrics.read({
    waiting: (lane) => pool.stats().lanes[lane].waiting,
    encoding: (lane) => pool.stats().lanes[lane].running,
    hotBytes: () => service.hot.bytes,
  });
  if (sweeping) timer = await watchCache(config, { log, metrics });
  let ready = false;
  const listeners: Listening[] = [];
  const open = async (
    name: "PORT" | "ADMIN_PORT",
    port: number,
    app: Parameters<typeof toNodeHandler>[0],
  ) => {
    const listening = await listen(toNodeHandler(app), { name, port, host: config.host });
    listeners.push(listening);
    return listening;
  };
  const stop = async (): Promise<void> => {
    ready = false;
    timer?.stop();
    await Promise.all(listeners.map((listening) => listening.close(config.drainTimeout)));
    published.close();
    await service.background.stop();
    pool.close();
  };
  try {
    const admin = await open("ADMIN_PORT", config.adminPort, createAdmin({ metrics, ready: () => ready }));
    const readers = await open("PORT", config.port, service.app);
    ready = true;
    log.info("images are served", { url: readers.url, admin: admin.url });
    return { url: readers.url, adminUrl: admin.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// --- settings ---

function sourceOptions(config: Config): OpenSourceOptions {
  const { source, sources, s3Endpoint, awsRegion, awsAccessKeyId } = config;
  const secret =
    config.awsSecretAccessKeyFile === ""
      ? config.awsSecretAccessKey
      : readFileSync(config.awsSecretAccessKeyFile, "utf8").trim();
  return {
    source,
    sources,
    s3: {
      region: awsRegion,
      forcePathStyle: config.s3ForcePathStyle === "on",
      ...(s3Endpoint !== "" && { endpoint: s3Endpoint }),
      ...(awsAccessKeyId !== "" && { credentials: { accessKeyId: awsAccessKeyId, secretAccessKey: secret } }),
    },
  };
}

// --- process ---

function signalled(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    // The handlers stay: a second signal must not end the process in the middle of an answer.
    for (const signal of signals) process.on(signal, () => resolve());
  });
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(error: unknown): number {
  if (error instanceof InvalidConfig) {
    process.stderr.write(
      `imgproxy-lite cannot start:\n${error.problems.map((one) => `  ${one}\n`).join("")}`,
    );
    return 2;
  }
  if (error instanceof CannotListen || error instanceof NoSource || error instanceof CannotSweep) {
    process.stderr.write(`imgproxy-lite cannot start: ${error.message}\n`);
    return 1;
  }
  throw error;
}

function version(): string {
  // Beside bin/ both in the sources (server/) and as built (dist/server/).
  for (const up of ["../package.json", "../../package.json"]) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
    } catch {}
  }
  return "unknown";
}
