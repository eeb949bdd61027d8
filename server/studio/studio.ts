import type { CachedAnswer, StatusAnswer, WeightsAnswer, WeightsBody } from "../../contract/studio.ts";
import type { SourceRecords, VariantCache } from "../cache/cache.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import type { Encoder } from "../encode/encoder.ts";
import type { OriginalFetcher } from "../image/fetch-original.ts";
import type { Published } from "../published/published.ts";
import type { Source } from "../source/source.ts";
import type { Log } from "../telemetry/log.ts";
import { createActivity } from "./activity.ts";
import { cachedVariants } from "./cached-variants.ts";
import { createPreviews, type Previews } from "./previews.ts";
import { publishedSets } from "./published-sets.ts";
import { weightsOf } from "./weights.ts";

/** What the Studio's calls of the API do. */
export interface Studio {
  readonly calls: {
    readonly previews: Previews;
    readonly cached: (key: string) => Promise<CachedAnswer>;
    readonly weights: (accept: WeightsBody["accept"], signal: AbortSignal) => Promise<WeightsAnswer>;
    /** Absent where there is no page. */
    readonly status?: () => Promise<StatusAnswer>;
  };
  /** The same log; where there is a page, its requests are counted too. */
  watch(log: Pick<Log, "request">): Pick<Log, "request">;
}

interface StudioParts {
  readonly source: Source;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly cache: VariantCache & SourceRecords;
  readonly published: Published;
  /** The LOOK of this release. */
  readonly look: number;
  readonly queue: () => StatusAnswer["queue"];
  /** Size of the cache as its last sweep has counted it. */
  readonly usage: () => Promise<{ readonly bytes: number; readonly files: number } | undefined>;
  readonly cacheMaxBytes: number;
  readonly defaultQuality: number;
  /** Whether the page is served. */
  readonly isOpen: boolean;
}

export function createStudio(parts: StudioParts): Studio {
  const { source, originals, encoder, cache, published, look, defaultQuality } = parts;
  const activity = parts.isOpen ? createActivity() : undefined;
  // Thousands of reads of the cache volume: once for all that ask.
  const weighing = createSingleFlight<WeightsAnswer>();
  return {
    calls: {
      previews: createPreviews({
        source,
        originals,
        encoder,
        records: cache,
        flights: createSingleFlight(),
        look,
      }),
      cached: (key) => cachedVariants({ cache, published }, key),
      weights: (accept, signal) =>
        weighing.do(accept, signal, (signal) =>
          weightsOf({ cache, published, defaultQuality }, accept, signal),
        ),
      ...(activity !== undefined && {
        status: async () => ({
          ...activity.read(),
          sets: publishedSets(published),
          queue: parts.queue(),
          cache: { ...(await sizeOf(parts)), maxBytes: parts.cacheMaxBytes },
        }),
      }),
    },
    watch: (log) => activity?.watch(log) ?? log,
  };
}

async function sizeOf({ usage }: StudioParts): Promise<{ bytes?: number; files?: number }> {
  const used = await usage();
  return used === undefined ? {} : { bytes: used.bytes, files: used.files };
}
