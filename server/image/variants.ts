import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Entry, EntryMeta, Variant, VariantCache } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import type { Clients } from "../concurrency/clients.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import type { Encoded, Encoder, Lane } from "../encode/encoder.ts";
import { Problem, type ProblemCode } from "../errors.ts";
import { etagOf } from "../http/response-headers.ts";
import type { Lease, Original, OriginalFetcher } from "./fetch-original.ts";
import { type MemoryCache, variantName } from "./memory-cache.ts";
import type { SourceShare } from "./source-share.ts";

/** A variant just made, and the milliseconds it took. */
export interface Made {
  readonly entry: Entry;
  readonly ms: { readonly source: number; readonly queue: number; readonly encode: number };
}

/** Variants found in memory or on disk, or made and stored. */
export interface Variants {
  find(variant: Variant): Promise<Entry | undefined>;
  /** What is known of a variant that is there, for a publish that asks about thousands. */
  findMeta(variant: Variant): Promise<EntryMeta | undefined>;
  /** On disk, whatever memory holds, and only if it was made of this very original. */
  findStored(variant: Variant, validator: string): Promise<Entry | undefined>;
  /** For readers: made once, however many wait. @throws Problem as {@link OriginalFetcher} and {@link Encoder} do. */
  make(variant: Variant, clients: Clients, signal: AbortSignal): Promise<Made>;
  /**
   * All of one source in the warm lane: one fetch, one job, each handed over and stored as it is made, in order. In place
   * of one that cannot be made comes its Problem `impossible-variant`.
   */
  makeAll(
    variants: readonly Variant[],
    options: { readonly signal: AbortSignal; readonly effort?: number },
  ): AsyncGenerator<Entry | Problem>;
  /** Deletes all of a source, in memory and on disk; returns the number of variants on disk, if the volume says. */
  purge(key: string): Promise<number | undefined>;
}

export function createVariants(parts: {
  readonly hot: MemoryCache;
  readonly cache: VariantCache;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly flights: SingleFlight<Made>;
  readonly background: Background;
  /** Told of each original that was fetched. */
  readonly learn: (key: string, validator: string) => void;
  readonly share: SourceShare;
}): Variants {
  const { hot, cache, originals, encoder, flights, background, learn, share } = parts;
  const reads = new Map<string, Promise<Entry | undefined>>();
  /** How often a source was purged: what was fetched before a purge is not kept after it. */
  const purges = new LRUCache<string, number>({ max: 10_000 });
  const purgesOf = (key: string): number => purges.get(key) ?? 0;

  /** Clients that enumerate q and w fill a share of the disk and no more. What a publish warms it publishes next. */
  async function store(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): Promise<void> {
    const { key } = variant;
    if (purgesOf(key) !== fetchedAfter) return;
    const isStored = await cache.write(variant, entry);
    // A purge that came meanwhile has not seen this file.
    if (purgesOf(key) !== fetchedAfter) await cache.purge(key);
    else if (isStored && lane === "live") await share.hold(key, cache.nameOf(variant));
  }

  /**
   * The reader does not wait for the disk, which may be full, slow or gone.
   * @param fetchedAfter the purges of the source when its original was asked for.
   */
  function keep(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): void {
    if (purgesOf(variant.key) !== fetchedAfter) return;
    // Memory is for what readers ask for: a publish of a thousand photographs must not empty it of them.
    if (lane === "live" || hot.get(variant) !== undefined) hot.set(variant, entry);
    background.run("store a variant", async () => {
      // The answer first: it is written in this turn of the event loop.
      if (lane === "live") await setImmediate();
      await store(variant, entry, lane, fetchedAfter);
    });
  }

  /** The reader got WebP at once; the AVIF that was asked for is made behind the answer. */
  function improve(
    variant: Variant,
    { original, release }: Lease,
    clients: Clients,
    fetchedAfter: number,
  ): void {
    const begun = background.run("make the variant that a substitute stands in for", async (signal) => {
      try {
        const encoded = await encodeOne(encoder, original, variant, { lane: "warm", clients, signal });
        keep(variant, toEntry(encoded, original.validator), "live", fetchedAfter);
      } finally {
        release();
      }
    });
    if (!begun) release();
  }

  async function fetchAndEncode(variant: Variant, signal: AbortSignal, clients: Clients): Promise<Made> {
    const fetchedAfter = purgesOf(variant.key);
    const upload = encoder.receive(clients);
    try {
      const started = performance.now();
      const lease = await originals.fetch(variant.key, signal, { lane: "live", clients, upload });
      const ms = { source: performance.now() - started, queue: 0, encode: 0 };
      const options = { lane: "live", signal, clients, upload } as const;
      return await encodeFor(variant, lease, ms, options, fetchedAfter);
    } finally {
      upload.drop();
    }
  }

  async function encodeFor(
    variant: Variant,
    lease: Lease,
    ms: Made["ms"],
    options: EncodeOptions & { readonly clients: Clients },
    fetchedAfter: number,
  ): Promise<Made> {
    const { original } = lease;
    let isImproved = false;
    try {
      learn(variant.key, original.validator);
      // SVG scales by itself, is often smaller than any raster of it, and is never decoded here.
      if (original.type === "image/svg+xml") return { entry: svgEntry(original), ms };
      const encoded = await encodeOne(encoder, original, variant, options);
      const entry = toEntry(encoded, original.validator);
      keep(variant, entry, options.lane, fetchedAfter);
      isImproved = encoded.substitute;
      if (isImproved) improve(variant, lease, options.clients, fetchedAfter);
      return { entry, ms: { ...ms, ...encoded.ms } };
    } finally {
      if (!isImproved) lease.release();
    }
  }

  async function* makeAll(
    wanted: readonly Variant[],
    options: { readonly signal: AbortSignal; readonly effort?: number },
  ): AsyncGenerator<Entry | Problem> {
    const [first] = wanted;
    if (first === undefined) return;
    const fetchedAfter = purgesOf(first.key);
    const { original, release } = await originals.fetch(first.key, options.signal, { lane: "warm" });
    try {
      learn(first.key, original.validator);
      const left = [...wanted];
      let inARow = 0;
      while (left.length > 0) {
        const before = left.length;
        try {
          yield* encodeAll(original, left, options, fetchedAfter);
        } catch (error) {
          // The others can be made all the same; hardly where two in a row have hung or killed a child.
          if (!(error instanceof Problem) || !ofOneVariant.has(error.code)) throw error;
          inARow = left.length < before ? 1 : inARow + 1;
          if (error.code === "encode-failed" && inARow > 1) throw error;
          left.shift();
          yield error;
        }
      }
    } finally {
      release();
    }
  }

  /** Takes each variant off the list as it is made. */
  async function* encodeAll(
    original: Original,
    left: Variant[],
    options: { readonly signal: AbortSignal; readonly effort?: number },
    fetchedAfter: number,
  ): AsyncGenerator<Entry> {
    if (original.type === "image/svg+xml") {
      for (const _ of left.splice(0)) yield svgEntry(original);
      return;
    }
    const outputs = left.map(({ key: _, ...output }) => output);
    for await (const encoded of encoder.encode(original.body, outputs, { lane: "warm", ...options })) {
      const entry = toEntry(encoded, original.validator);
      const variant = left.shift();
      if (variant !== undefined) keep(variant, entry, "warm", fetchedAfter);
      yield entry;
    }
    if (left.length > 0) throw new Problem("encode-failed", { cause: new Error("the encoder gave too few") });
  }

  /** One read for all who come while it lasts: after a restart all readers of a page do. */
  function readOnce(variant: Variant): Promise<Entry | undefined> {
    // A read that began before a purge is not for readers who come after it.
    const name = `${hot.edition} ${variantName(variant)}`;
    const known = reads.get(name);
    if (known !== undefined) return known;
    const reading = read(variant).finally(() => reads.delete(name));
    reads.set(name, reading);
    return reading;
  }

  async function read(variant: Variant): Promise<Entry | undefined> {
    const { edition } = hot;
    const stored = await cache.read(variant);
    // One of many readers may look at the disk before another of them has made the variant, and hear of it after.
    if (stored === undefined) return hot.get(variant);
    // Not after a purge that came meanwhile.
    if (hot.edition === edition) hot.set(variant, stored);
    return stored;
  }

  return {
    makeAll,
    find(variant) {
      const held = hot.get(variant);
      return held === undefined ? readOnce(variant) : Promise.resolve(held);
    },
    findMeta: async (variant) => hot.get(variant)?.meta ?? cache.readMeta(variant),
    async findStored(variant, validator) {
      const stored = await cache.read(variant);
      // It may have been made, and not be stored yet, while the disk was read.
      const found = stored?.meta.validator === validator ? stored : hot.get(variant);
      if (found?.meta.validator !== validator) return undefined;
      hot.set(variant, found);
      return found;
    },
    make: (variant, clients, signal) =>
      flights.do(variantName(variant), signal, (...call) => fetchAndEncode(variant, ...call), clients),
    async purge(key) {
      purges.set(key, purgesOf(key) + 1);
      hot.purge(key);
      return cache.purge(key);
    },
  };
}

/** What may be wrong with one variant alone: it cannot be, or not in time. */
const ofOneVariant: ReadonlySet<ProblemCode> = new Set(["impossible-variant", "encode-failed"]);

/** An encoder's work as the cache keeps it. */
export function toEntry(encoded: Encoded, validator: string): Entry {
  const { body, contentType, width, height, effort, substitute } = encoded;
  return {
    body,
    meta: { validator, contentType, width, height, etag: etagOf(body), effort, substitute, made: Date.now() },
  };
}

// --- encoding ---

type EncodeOptions = Parameters<Encoder["encode"]>[2];

async function encodeOne(
  encoder: Encoder,
  original: Original,
  variant: Variant,
  options: EncodeOptions,
): Promise<Encoded> {
  const { key: _, ...output } = variant;
  for await (const encoded of encoder.encode(original.body, [output], options)) return encoded;
  throw new Problem("encode-failed", { cause: new Error("the encoder gave nothing") });
}

function svgEntry({ body, type, validator }: Original): Entry {
  const size = { width: 0, height: 0 };
  return {
    body,
    meta: {
      ...size,
      validator,
      contentType: type,
      etag: etagOf(body),
      effort: 0,
      substitute: false,
      made: Date.now(),
    },
  };
}
