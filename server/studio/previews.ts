import { LRUCache } from "lru-cache";
import type { ImageInfo } from "../../contract/info.ts";
import type { SourceRecords, Variant } from "../cache/cache.ts";
import { oneClient } from "../concurrency/clients.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import type { Encoded, Encoder } from "../encode/encoder.ts";
import { Problem } from "../errors.ts";
import { bytesIn, join } from "../formats/pieces.ts";
import type { Lease, Original, OriginalFetcher } from "../image/fetch-original.ts";
import { toInfo } from "../image/image-info.ts";
import { variantName } from "../image/memory-cache.ts";
import { withOwnFocus } from "../image/variants/own-focus.ts";
import { type Source, versionOf } from "../source/source.ts";

/** What a preview is: the bytes of a variant that a publish would make now. */
export interface Preview extends Pick<Encoded, "body" | "contentType"> {
  /** Of the original. */
  readonly version: string;
}

/**
 * Variants for an author who is choosing a quality. They are made in the warm lane, so that readers go first, and are not stored,
 * not counted and not charged. All methods throw Problem, and the signal's reason when it aborts; the encoder then stops soon.
 */
export interface Previews {
  make(variant: Variant, signal: AbortSignal): Promise<Preview>;
  /** SSIMULACRA 2.1 of the variant beside the same pixels without loss. */
  score(variant: Variant, signal: AbortSignal): Promise<number>;
  describe(key: string, signal: AbortSignal): Promise<ImageInfo>;
}

/** One client beside the readers and the publish: it has a share like each of them. */
const studio = oneClient("the Studio");

/** An author moves a slider further before the last work is done. Work that ends within this time ends by itself. */
const KILL_AFTER_MS = 300;

/** An author tries several qualities of one photograph. This is outside of the readers' limits of memory, hence small and short. */
const KEPT_MS = 60_000;
const KEPT_ORIGINAL_BYTES = 24 * 2 ** 20;
const KEPT_PREVIEW_BYTES = 24 * 2 ** 20;

export function createPreviews(parts: {
  readonly source: Source;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly records: Pick<SourceRecords, "readRecord">;
  readonly flights: SingleFlight<Preview>;
  /** The LOOK of this release. */
  readonly look: number;
}): Previews {
  const { source, encoder, records, flights, look } = parts;
  const kept = { ttl: KEPT_MS, ttlAutopurge: true };
  const originals = new LRUCache<string, Original>({
    ...kept,
    maxSize: KEPT_ORIGINAL_BYTES,
    sizeCalculation: ({ body }) => Math.max(1, bytesIn(body)),
  });
  const made = new LRUCache<string, Preview>({
    ...kept,
    maxSize: KEPT_PREVIEW_BYTES,
    sizeCalculation: ({ body }) => Math.max(1, body.byteLength),
  });

  async function withOriginal<Made>(
    key: string,
    signal: AbortSignal,
    work: (original: Original) => Promise<Made>,
  ): Promise<Made> {
    const { original, release } = await lease(key, signal);
    try {
      return await work(original);
    } finally {
      release();
    }
  }

  async function lease(key: string, signal: AbortSignal): Promise<Lease> {
    const known = originals.get(key);
    if (known !== undefined && (await source.stat(key, signal)).validator === known.validator)
      return { original: known, release: () => undefined };
    const lease = await parts.originals.fetch(key, signal, { lane: "warm", clients: studio });
    originals.set(key, lease.original);
    return lease;
  }

  /** One encode for all calls that need it: three scores need the same picture without loss. */
  async function encode(original: Original, variant: Variant, signal: AbortSignal): Promise<Preview> {
    const version = versionOf(original.validator);
    // SVG scales by itself: every variant is the original.
    if (original.type === "image/svg+xml")
      return { body: join(original.body), contentType: original.type, version };
    const name = `${original.validator} ${variantName(variant)}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const preview = await flights.do(name, signal, (signal) => encodeOne(original, variant, signal), studio);
    made.set(name, preview);
    return preview;
  }

  async function encodeOne(original: Original, variant: Variant, signal: AbortSignal): Promise<Preview> {
    const outputs = await withOwnFocus([variant], original.validator, records);
    const work = workUntil(signal);
    let preview: Preview | undefined;
    for await (const { body, contentType } of encoder.encode(original.body, outputs, work))
      preview = { body, contentType, version: versionOf(original.validator) };
    if (preview === undefined) throw new Problem("encode-failed");
    return preview;
  }

  return {
    make: (variant, signal) =>
      withOriginal(variant.key, signal, (original) => encode(original, variant, signal)),
    score: (variant, signal) =>
      withOriginal(variant.key, signal, async (original) => {
        const picture = await encode(original, variant, signal);
        const lossless = await encode(original, { ...variant, class: "png", quality: 100 }, signal);
        return encoder.score(lossless.body, picture.body, {
          ...workUntil(signal),
          names: ["The original", "The variant"],
        });
      }),
    describe: (key, signal) =>
      withOriginal(key, signal, async ({ body, validator, checked }) => {
        const described = await encoder.describe(body, workUntil(signal));
        return toInfo(key, { ...described, validator, checked, bytes: bytesIn(body), look }, []);
      }),
  };
}

/** All work of an author ends when it is not needed any more. */
function workUntil(signal: AbortSignal) {
  return { lane: "warm", clients: studio, signal, killAfterMs: KILL_AFTER_MS } as const;
}
