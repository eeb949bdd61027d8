import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { toNodeHandler } from "h3";
import { createCanaryFile } from "./cache/canary-file.ts";
import { CannotCache, cannotWrite } from "./cache/cannot-cache.ts";
import { createDiskCache } from "./cache/disk.ts";
import { readUsage } from "./cache/usage.ts";
import { once } from "./concurrency/once.ts";
import { createRateLimiter } from "./concurrency/token-bucket.ts";
import type { Config } from "./config/load.ts";
import { isMadeWith } from "./encode/child/encoder-settings.ts";
import { LOOK } from "./encode/look.ts";
import { observeEncoder } from "./encode/observe.ts";
import type { Pool } from "./encode/pool/pool.ts";
import { createAdmin } from "./front/admin.ts";
import { hasRoom } from "./gc/room.ts";
import type { Timer } from "./gc/schedule.ts";
import { boundsOf, budgetsOf, watchCache } from "./gc/watch-volume.ts";
import { LOW_WATER } from "./gc/watermarks.ts";
import { clientAddress } from "./http/client-address.ts";
import { type OpenEncoders, openEncoders, sourceLimits, UNCONFINED } from "./open-encoders.ts";
import { createPorts } from "./ports.ts";
import { openPublished, type Published } from "./published/published.ts";
import type { Unread } from "./published/reader.ts";
import { createService } from "./service.ts";
import { checkAtStart } from "./source/check-at-start.ts";
import { observeSource } from "./source/observe.ts";
import { openSource } from "./source/open.ts";
import { sourceName, sourceOptions, sourcePrefixes } from "./source-options.ts";
import type { Log } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";

/** A server in this process. */
export interface Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Finishes running requests, accepts no new ones, and ends the encoders. */
  stop(): Promise<void>;
}

/**
 * The composition root: opens source and cache, and listens.
 * @param parts `look` of a release before or after this one, for tests; `encoders` that have begun to start.
 * @throws Repairable
 */
export async function start(
  config: Config,
  log: Log,
  version: string,
  parts: { readonly look?: number; readonly encoders?: Promise<OpenEncoders> } = {},
): Promise<Running> {
  const { look = LOOK } = parts;
  const encoders = await (parts.encoders ?? openEncoders(config, log));
  try {
    return await startWith(encoders, config, log, version, look);
  } catch (error) {
    // Otherwise its children would keep this process alive.
    encoders.pool.close();
    throw error;
  }
}

async function startWith(
  encoders: OpenEncoders,
  config: Config,
  log: Log,
  version: string,
  look: number,
): Promise<Running> {
  const { pool } = encoders;
  const sweeping = config.gcInterval > 0;
  const metrics = createMetrics({
    version,
    watchProcess: true,
    ...(sweeping && { sweeps: budgetsOf(config) }),
  });
  let timer: Timer | undefined;
  // A full or hung volume fails for each request; the metric counts all of them.
  const tell = createRateLimiter({ burst: 1, perSecond: 1 / 60 });
  const limits = sourceLimits(config);
  const warnOfProxy = once(() =>
    log.warn(
      "a request has X-Forwarded-For, but TRUSTED_PROXIES is empty: all readers behind a proxy count as one client. " +
        "Set TRUSTED_PROXIES to the proxy's address or network",
    ),
  );
  const keepCopyright = config.keepCopyright === "on";
  const { source, list, neighbours, policy, name } = await openSource({
    mostBytes: config.maxSourceBytes,
    ...sourceOptions(config),
    canaries: (of) => createCanaryFile(config.cacheDir, of, (access, work) => cache.withVolume(access, work)),
    onAway: (error) => {
      if (tell.take("source"))
        log.warn("the whole source is gone, or SOURCE names the wrong one: cached variants are served", {
          error,
        });
    },
  });
  const cache = await createDiskCache({
    folder: config.cacheDir,
    // With other metadata it is another variant.
    namespace: keepCopyright ? `${name} with rights` : name,
    budget: budgetsOf(config),
    volume: { deadlineMs: { read: config.cacheTimeout } },
    isOfPublish: (meta) => isMadeWith(meta),
    onFailure: (failure, error) => {
      metrics.cacheFailed(failure);
      if (failure === "full") timer?.nudge({ volumeIsFull: true });
      if (tell.take(failure)) log.warn("the cache volume failed", { failure, error });
    },
  });
  await cache
    .withVolume("read", () => access(config.cacheDir, constants.W_OK | constants.X_OK))
    .catch((error) =>
      log.warn(
        `${cannotWrite(config.cacheDir, error)}; until then every image is made again for each reader`,
      ),
    );
  const published = await openPublished({
    folder: config.cacheDir,
    keep: config.publishedKeep,
    defaultQuality: config.defaultQuality,
    nameOf: (variant) => cache.nameOf(variant),
    withVolume: (access, work) => cache.withVolume(access, work),
    // With VARIANTS=listed, unknown sets must not open everything.
    startWithoutVolume: config.variants !== "listed",
    changed: () => service.hot.clear(),
    onUnread: (unread) => tellUnread(log, unread),
  }).catch((error: unknown) => {
    throw new CannotCache(
      config.cacheDir,
      error,
      "its published sets, which VARIANTS=listed needs, cannot be read",
    );
  });
  const observed = observeSource(source, metrics);
  const service = createService({
    source: observed,
    list,
    neighbours,
    cache,
    encoder: observeEncoder(pool, metrics),
    queue: () => pool.stats().lanes,
    usage: () => cache.withVolume("read", () => readUsage(config.cacheDir)).catch(() => undefined),
    policy,
    published,
    look,
    log,
    metrics,
    hasRoom: async () => {
      const { memoryShare, lanes } = pool.stats();
      if (memoryShare > LOW_WATER || lanes.warm.waiting > 0) return false;
      return cache.withVolume("read", () => hasRoom(boundsOf(config))).catch(() => false);
    },
    options: {
      ...config,
      version,
      limits,
      tokens: config.token,
      dev: config.dev === "on",
      client: (peer, forwardedFor) => {
        if (forwardedFor !== null && config.trustedProxies.rules.length === 0) warnOfProxy();
        return clientAddress(peer, forwardedFor, config.trustedProxies);
      },
    },
  });
  watch(metrics, pool, () => service.hot.bytes);
  metrics.read({ unreadSets: () => published.unread });
  if (sweeping)
    timer = watchCache(config, {
      log,
      metrics,
      withVolume: (access, work) => cache.withVolume(access, work),
    });

  let ready = false;
  const ending = new AbortController();
  const ports = createPorts(config, log, (what, error) => {
    if (tell.take(what)) log.warn(what, error === undefined ? {} : { error });
  });
  const stop = async (): Promise<void> => {
    ready = false;
    ending.abort();
    timer?.stop();
    published.close();
    const until = performance.now() + config.drainTimeout;
    const left = (): number => Math.max(0, until - performance.now());
    await ports.close(left);
    // A hung volume must not delay the exit.
    const timeIsUp = sleep(Math.max(left(), LAST_STORES_MS), undefined, { ref: false });
    await Promise.race([service.background.stop(), timeIsUp]);
    pool.close();
  };
  try {
    const admin = createAdmin({ metrics, ready: () => ready });
    const adminUrl = await ports.open("ADMIN_PORT", toNodeHandler(admin));
    await encoders.libraries;
    log.info(
      !encoders.isConfined()
        ? UNCONFINED
        : "encoders run with Landlock: they write no file, and read neither this process nor data",
    );
    const url = await ports.open("PORT", service.front);
    ready = true;
    if (config.variants === "listed") warnOfListing(log, published);
    for (const prefix of sourcePrefixes(config))
      void checkAtStart(observed, prefix, ending.signal).then((words) => {
        if (words !== undefined) log.warn(`${sourceName(prefix)}: ${words}`);
      });
    log.info("images are served", { url, admin: adminUrl });
    if (config.studio === "on")
      log.info("the Studio is open", { page: new URL(`${config.basePath}_studio/`, url).href });
    return { url, adminUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Time to store variants of the last responses. */
const LAST_STORES_MS = 1_000;

function tellUnread(log: Log, unread: readonly Unread[]): void {
  if (unread.length === 0) log.info("all published sets can be read again");
  else
    log.warn(
      "published sets cannot be read; their last known state stays in force, and they are tried again every 2 s",
      { sets: unread.map(({ path }) => path), error: unread[0]?.error },
    );
}

function warnOfListing(log: Log, published: Published): void {
  if (published.neverPublished)
    log.warn("VARIANTS=listed, but no site has published a set yet: until one does, everything is open");
  else if (!published.hasLive)
    log.warn(
      "VARIANTS=listed, and no published set is live: until a site publishes, every variant is refused",
    );
}

function watch(metrics: Metrics, pool: Pool, hotBytes: () => number): void {
  metrics.read({
    waiting: (lane) => pool.stats().lanes[lane].waiting,
    encoding: (lane) => pool.stats().lanes[lane].running,
    hotBytes,
  });
}
