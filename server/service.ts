import type { RequestListener } from "node:http";
import type { PublishedField } from "../contract/meta.ts";
import type { StatusAnswer } from "../contract/studio.ts";
import { createApi } from "./api/api.ts";
import type { SourceRecords, VariantCache } from "./cache/cache.ts";
import { type Background, createBackground } from "./concurrency/background.ts";
import { createSemaphore } from "./concurrency/semaphore.ts";
import { createSingleFlight } from "./concurrency/single-flight.ts";
import { createRateLimiter } from "./concurrency/token-bucket.ts";
import type { Encoder } from "./encode/encoder.ts";
import type { SourceLimits } from "./encode/limits.ts";
import { createReporter } from "./front/access-log.ts";
import { createBrokenPictures } from "./front/broken-picture.ts";
import { createFront } from "./front/held.ts";
import { welcome } from "./front/help-page.ts";
import { LOW_WATER } from "./gc/watermarks.ts";
import type { FreshnessPolicy } from "./http/freshness.ts";
import { createAccess, type VariantsMode } from "./image/access.ts";
import { createInfoAnswers } from "./image/answer-info.ts";
import { createOriginalFetcher } from "./image/fetch-original.ts";
import { createImages } from "./image/image.ts";
import { createImageInfos } from "./image/image-info.ts";
import { createMemoryCache, type MemoryCache } from "./image/memory-cache.ts";
import { createNegativeCache } from "./image/negative-cache.ts";
import { createPurgeBrake } from "./image/purge-brake.ts";
import { createRevalidation } from "./image/revalidate.ts";
import { createOriginalServer } from "./image/serve-original.ts";
import { createReEncoder } from "./image/variants/re-encode.ts";
import { createSourceShare } from "./image/variants/source-share.ts";
import { createVariants } from "./image/variants/variants.ts";
import type { Published } from "./published/published.ts";
import type { List } from "./source/list/list.ts";
import type { ListSiblings } from "./source/list/siblings.ts";
import type { Source } from "./source/source.ts";
import { studioFile } from "./studio/page-files.ts";
import { createStudio } from "./studio/studio.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";

/** Parts and limits of the server; start.ts chooses source, cache and encoder. */
export interface ServiceParts {
  readonly source: Source;
  readonly list: List;
  readonly neighbours: ListSiblings;
  readonly cache: VariantCache & SourceRecords;
  readonly encoder: Encoder;
  /** Encodes that run and wait now. */
  readonly queue: () => StatusAnswer["queue"];
  /** Size of the cache as its last sweep has counted it. */
  readonly usage: () => Promise<{ readonly bytes: number; readonly files: number } | undefined>;
  readonly policy: FreshnessPolicy;
  readonly published: Published;
  /** How images look (encode/look.ts). */
  readonly look: number;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "answered" | "purgeWithheld" | "reEncoded">;
  /** Whether the encoders' memory and the cache are below their low watermarks, and nothing waits to be warmed. */
  readonly hasRoom: () => Promise<boolean>;
  readonly options: ServiceOptions;
}

export interface ServiceOptions {
  /** The server's release, for clients of the API. */
  readonly version: string;
  readonly variants: VariantsMode;
  readonly signingKeys: readonly string[];
  /** Valid tokens of the API; empty: the API does not exist, except for what development mode opens to this machine. */
  readonly tokens: readonly string[];
  readonly originals: "on" | "off";
  readonly defaultQuality: number;
  /** The fields of a photograph's metadata in `fm=json`, which everyone can read. */
  readonly meta: readonly PublishedField[];
  readonly maxSourceBytes: number;
  /** Maximum time for a reader's original, in milliseconds. */
  readonly sourceTimeout: number;
  /** Maximum wait for anything that other requests use, in milliseconds. */
  readonly queueTimeout: number;
  readonly limits: SourceLimits;
  readonly hotCacheBytes: number;
  /** Maximum size of the cache; a publish gets it, because the GC cannot keep more than this pinned. */
  readonly cacheMaxBytes: number;
  /** Maximum unpublished variants of one source on disk. */
  readonly maxVariants: number;
  /** Maximum time for one variant of a warm-up, in milliseconds. */
  readonly warmTimeout: number;
  /** New variants a minute for one client. */
  readonly coldBudget: number;
  /** Images that are made again in the background in a minute. */
  readonly reencodeBudget: number;
  readonly basePath: string;
  readonly dev: boolean;
  /** Whether the Studio's page is served. */
  readonly studio: "on" | "off";
  /** The client's address: the peer's, or the one that a trusted proxy names. */
  readonly client: (peer: string, forwardedFor: string | null) => string;
}

/** The connected parts. */
export interface Service {
  /** The public port. */
  readonly front: RequestListener;
  readonly hot: MemoryCache;
  readonly background: Background;
  /** Current use: bytes of originals, streams and fetches from the source. */
  readonly busy: () => { readonly originals: number; readonly streams: number; readonly fetches: number };
}

export function createService(parts: ServiceParts): Service {
  const { source, list, neighbours, cache, encoder, policy, published, look, log, metrics, options } = parts;
  const background = createBackground((what, error) => log.warn(`could not ${what}`, { error }));
  const hot = createMemoryCache(options.hotCacheBytes);
  const { maxSourceBytes: maxBytes, sourceTimeout: liveMs, queueTimeout: waitMs, limits } = options;
  // Together they fit into the connections to a source (source/remote/connections.ts).
  const places = createSemaphore({ amount: 16, spare: 4, mostWaiting: 256, waitMs });
  const streamPlaces = createSemaphore({ amount: 32, spare: 8, mostWaiting: 64, waitMs });
  const questions = createSemaphore({ amount: 32, spare: 8, mostWaiting: 256, waitMs });
  const bytes = Math.max(ORIGINALS_BYTES, maxBytes);
  const memory = createSemaphore({
    amount: bytes,
    spare: SPARE_BYTES,
    mostWaiting: 64,
    waitMs,
  });
  const originals = createOriginalFetcher({
    source,
    flights: createSingleFlight(),
    maxBytes,
    liveMs,
    limits,
    places,
    memory,
  });
  const brake = createPurgeBrake({ countSources: () => cache.countSources(), withheld: tellWithheld(parts) });
  const revalidation = createRevalidation({
    source,
    records: cache,
    flights: createSingleFlight(),
    background,
    policy,
    there: brake.forget,
    gone: async (key) => {
      const isKept = (await cache.entriesOf(key))?.length !== 0;
      // The source has no entries: requests with typing errors do not count.
      if (isKept && !(await brake.allows(key))) return false;
      await purgeAll(key);
      return true;
    },
  });
  const negative = createNegativeCache(
    revalidation.known,
    policy.checksFirst ? policy.unversionedSeconds : undefined,
  );
  const shared = { originals, encoder, background, learn: revalidation.learn, look };
  const variants = createVariants({
    ...shared,
    hot,
    cache,
    records: cache,
    flights: createSingleFlight(),
    share: createSourceShare({ cache, published, most: options.maxVariants }),
  });
  const infos = createImageInfos({
    ...shared,
    records: cache,
    flights: createSingleFlight(),
    dropCrops: variants.dropCrops,
  });

  async function purge(key: string): Promise<number | undefined> {
    brake.forget(key);
    return purgeAll(key);
  }

  async function purgeAll(key: string): Promise<number | undefined> {
    revalidation.forget(key);
    negative.forget(key);
    return variants.purge(key);
  }

  const access = createAccess({
    mode: options.variants,
    keys: options.signingKeys,
    listing: published,
    budget: createRateLimiter({ burst: options.coldBudget, perSecond: options.coldBudget / 60 }),
  });
  const streams = createOriginalServer({
    source,
    policy,
    originals: options.originals,
    places: streamPlaces,
    questions,
  });
  const { defaultQuality } = options;
  const { client, basePath } = options;
  const studio = createStudio({
    source,
    originals,
    encoder,
    cache,
    published,
    look,
    queue: parts.queue,
    usage: parts.usage,
    cacheMaxBytes: options.cacheMaxBytes,
    defaultQuality,
    isOpen: options.studio === "on",
  });
  const publish = {
    list,
    neighbours,
    cache,
    variants,
    infos,
    revalidation,
    defaultQuality,
    published,
    purge,
  };
  const api =
    options.tokens.length === 0 && !options.dev
      ? undefined
      : createApi({
          ...publish,
          ...studio.calls,
          tokens: options.tokens,
          local: options.dev,
          version: options.version,
          cacheMaxBytes: options.cacheMaxBytes,
          silenceMs: options.warmTimeout * 3,
        });
  const isBusy = () => encoder.isBusy();
  const { reencodeBudget: perMinute } = options;
  const reEncoder = createReEncoder({
    variants,
    cache,
    published,
    background,
    budget: createRateLimiter({ burst: perMinute, perSecond: perMinute / 60 }),
    hasRoom: async () => !isBusy() && memory.used <= LOW_WATER * bytes && (await parts.hasRoom()),
    count: (outcome) => metrics.reEncoded(outcome),
  });
  const rules = { access, revalidation, negative, policy, isBusy };
  const images = createImages({
    ...rules,
    hot,
    variants,
    infos: createInfoAnswers({ ...rules, infos, meta: options.meta }),
    streams,
    served: perMinute === 0 ? () => undefined : reEncoder.served,
    defaultQuality,
  });
  const front = createFront({
    images,
    policy,
    report: createReporter(studio.watch(log), metrics),
    client,
    basePath,
    dev: options.dev,
    ...(api !== undefined && { api }),
    ...(options.dev && { help: welcome, broken: createBrokenPictures(neighbours) }),
    ...(options.studio === "on" && { studio: studioFile }),
  });
  const busy = () => ({ originals: memory.used, streams: streamPlaces.used, fetches: places.used });
  return { front, hot, background, busy };
}

function tellWithheld({ metrics, log }: ServiceParts): Parameters<typeof createPurgeBrake>[0]["withheld"] {
  const tell = createRateLimiter({ burst: 1, perSecond: 1 / 60 });
  return (about) => {
    metrics.purgeWithheld();
    if (tell.take(""))
      log.warn(
        "more than a tenth of the photographs became absent within an hour: their variants are kept and served; check the storage, or DELETE /api/purge those that were deleted on purpose",
        about,
      );
  };
}

/** Memory for all originals that are being fetched or encoded; the reserve is for clients that use none. */
const ORIGINALS_BYTES = 96 * 2 ** 20;
const SPARE_BYTES = 32 * 2 ** 20;
