import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createDiskCache, type DiskCache } from "../../cache/disk.ts";
import { readUsage } from "../../cache/usage.ts";
import { defaultLimits, defaultSourceBytes } from "../../encode/limits.ts";
import { LOOK } from "../../encode/look.ts";
import { createSharpEncoder, type SharpEncoder } from "../../encode/test/sharp-encoder.ts";
import { type FreshnessPolicy, folderPolicy } from "../../http/freshness.ts";
import { openPublished, type Published } from "../../published/published.ts";
import { createService, type Service, type ServiceOptions } from "../../service.ts";
import { confirmAbsence } from "../../source/confirm-absence.ts";
import { createFolderSource } from "../../source/folder.ts";
import { listFolder } from "../../source/list/folder.ts";
import { siblingsFrom } from "../../source/list/siblings.ts";
import type { Source } from "../../source/source.ts";
import type { RequestLine } from "../../telemetry/log.ts";

/** A whole server on a temporary folder of photographs: production's listener, disk cache and published sets. */
export interface World {
  readonly folder: string;
  /** The cache's folder. */
  readonly volume: string;
  readonly service: Service;
  readonly cache: DiskCache;
  /** Names of the variants on disk, such as `<hash>.800.55.auto-aw`, sorted. */
  stored(): Promise<readonly string[]>;
  readonly server: Server;
  readonly published: Published;
  /** The published sets as another replica on the same volume reads them. */
  replica(): Promise<Published>;
  readonly encoder: SharpEncoder;
  /** Each call of the source, such as `open worms.jpg`. */
  readonly asked: string[];
  readonly lines: RequestLine[];
  /** If set, the source fails with it before it reads. */
  fault: () => Promise<void>;
  get(target: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface WorldOptions extends Partial<ServiceOptions> {
  /** Another source instead of the folder, or around it. */
  readonly wrap?: (folder: Source) => Source;
  readonly policy?: FreshnessPolicy;
}

export async function createWorld({
  policy,
  wrap = (source) => source,
  ...options
}: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
  const volume = await mkdtemp(join(tmpdir(), "imgproxy-lite-volume-"));
  const cache = await createDiskCache({
    folder: volume,
    // A disk that is busy with other tests is slow, and does not hang.
    volume: { deadlineMs: { read: 60_000 } },
  });
  const open = (changed: () => void): Promise<Published> =>
    openPublished({
      folder: volume,
      keep: 5,
      defaultQuality: 75,
      nameOf: (variant) => cache.nameOf(variant),
      changed,
      lookMs: 0,
    });
  const published = await open(() => service.hot.clear());
  const encoder = createSharpEncoder();
  const asked: string[] = [];
  const lines: RequestLine[] = [];
  const inner = wrap(confirmAbsence(createFolderSource(folder)));
  const source: Source = {
    async stat(key, signal) {
      asked.push(`stat ${key}`);
      await world.fault();
      return inner.stat(key, signal);
    },
    async open(key, signal, range) {
      asked.push(`open ${key}`);
      await world.fault();
      return inner.open(key, signal, range);
    },
  };
  const silent = () => undefined;
  const list = listFolder(folder);
  const service = createService({
    source,
    list,
    neighbours: siblingsFrom(list),
    cache,
    encoder,
    queue: () => ({ live: { running: 0, waiting: 0 }, warm: { running: 0, waiting: 0 } }),
    usage: () => readUsage(volume),
    policy: policy ?? folderPolicy(0),
    published,
    look: LOOK,
    log: {
      request: (answer) => (id, ms, trace) => lines.push({ ...answer, id, ms, trace }),
      debug: silent,
      info: silent,
      warn: silent,
      error: silent,
    },
    metrics: { answered: () => silent, purgeWithheld: silent, reEncoded: silent },
    hasRoom: async () => true,
    options: { ...defaults, ...options },
  });
  const server = createServer(service.front).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const world: World = {
    server,
    folder,
    volume,
    service,
    cache,
    published,
    replica: () => open(() => undefined),
    encoder,
    asked,
    lines,
    fault: async () => undefined,
    get: (target, init) => fetch(`http://127.0.0.1:${port}${target}`, init),
    async stored() {
      const names = await readdir(join(volume, "v1"), { recursive: true }).catch(() => []);
      return names
        .map((name) => basename(name))
        .filter((name) => /^[0-9a-f]{32}\.\d/.test(name))
        .sort();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await service.background.stop();
      await rm(folder, { recursive: true });
      await rm(volume, { recursive: true });
    },
  };
  return world;
}

const defaults: ServiceOptions = {
  version: "1.2.3",
  variants: "open",
  signingKeys: [],
  tokens: [],
  originals: "on",
  defaultQuality: 75,
  meta: [],
  maxSourceBytes: defaultSourceBytes,
  sourceTimeout: 600_000,
  queueTimeout: 600_000,
  warmTimeout: 600_000,
  limits: defaultLimits,
  hotCacheBytes: 2 ** 20,
  cacheMaxBytes: 2 ** 30,
  maxVariants: 1000,
  coldBudget: 1000,
  reencodeBudget: 0,
  basePath: "/",
  dev: false,
  studio: "off",
  client: (peer) => peer,
};
