import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Entry, EntryMeta, SourceRecords, Variant, VariantCache } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import type { Clients } from "../concurrency/clients.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import type { Encoded, Encoder, Lane } from "../encode/encoder.ts";
import { Problem, type ProblemCode } from "../errors.ts";
import { etagOf } from "../http/response-headers.ts";
import type { Lease, Original, OriginalFetcher } from "./fetch-original.ts";
import { type MemoryCache, variantName } from "./memory-cache.ts";
import { withOwnFocus } from "./own-focus.ts";
import type { Known } from "./revalidate.ts";
import type { SourceShare } from "./source-share.ts";

/** A variant that was just made, and the milliseconds it took. */
export interface Made {
  readonly entry: Entry;
  readonly ms: { readonly source: number; readonly queue: number; readonly encode: number };
}

/** Finds variants in memory or on disk, or makes and stores them. */
export interface Variants {
  find(variant: Variant): Promise<Entry | undefined>;
  /** The metadata of an existing variant, for a publish that asks about thousands. */
  findMeta(variant: Variant): Promise<EntryMeta | undefined>;
  /** Whether an entry shows exactly this original as images look now; without `validator`, whichever original it shows. */
  isCurrent(meta: EntryMeta, validator?: string): boolean;
  /** The entry on disk, whatever is in memory, and only if it is current. */
  findStored(variant: Variant, validator: string): Promise<Entry | undefined>;
  /** For readers: made once for all that wait. @throws Problem as {@link OriginalFetcher} and {@link Encoder} do. */
  make(variant: Variant, clients: Clients, signal: AbortSignal): Promise<Made>;
  /** Makes it in the background, while readers get an entry of an older look: a few at a time, the others wait for a reader. */
  renew(variant: Variant, clients: Clients): void;
  /**
   * Makes all variants of one source in the warm lane: one fetch, one job. Each is passed on and stored when it is made, in order.
   * In place of a variant that cannot be made comes its Problem `impossible-variant`.
   */
  makeAll(
    variants: readonly Variant[],
    options: { readonly signal: AbortSignal; readonly effort?: number },
  ): AsyncGenerator<Entry | Problem>;
  /** Deletes all variants of a source, in memory and on disk; returns the number on disk, if the volume answers. */
  purge(key: string): Promise<number | undefined>;
}

export function createVariants(parts: {
  readonly hot: MemoryCache;
  readonly cache: VariantCache;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly flights: SingleFlight<Made>;
  readonly background: Background;
  /** Called with each original that was fetched. */
  readonly learn: (key: string, answer: Known) => void;
  readonly share: SourceShare;
  readonly records: Pick<SourceRecords, "readRecord">;
  /** The LOOK that entries are made with. */
  readonly look: number;
}): Variants {
  const { hot, cache, originals, encoder, flights, background, learn, share, records, look } = parts;
  const reads = new Map<string, Promise<Entry | undefined>>();
  /** Number of purges of a source: an original that was fetched before a purge must not be stored after it. */
  const purges = new LRUCache<string, number>({ max: 10_000 });
  /** Names of variants that are made because their look is old. */
  const renewals = new Set<string>();
  const purgesOf = (key: string): number => purges.get(key) ?? 0;

  /** Clients that enumerate q and w get a limited share of the disk. The variants that a publish warms are published right after. */
  async function store(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): Promise<void> {
    const { key } = variant;
    if (purgesOf(key) !== fetchedAfter) return;
    const isStored = await cache.write(variant, entry);
    // A purge during the store has not seen this file.
    if (purgesOf(key) !== fetchedAfter) await cache.purge(key);
    else if (isStored && lane === "live") await share.hold(key, cache.nameOf(variant));
  }

  /**
   * The reader does not wait for the disk, which may be full, slow or gone.
   * @param fetchedAfter number of purges of the source when its original was requested.
   */
  function keep(variant: Variant, entry: Entry, lane: Lane, fetchedAfter: number): void {
    if (purgesOf(variant.key) !== fetchedAfter) return;
    // Memory is for what readers request: a publish of a thousand photographs must not evict it.
    if (lane === "live" || hot.get(variant) !== undefined) hot.set(variant, entry);
    background.run("store a variant", async () => {
      // The response first: it is written in this turn of the event loop.
      if (lane === "live") await setImmediate();
      await store(variant, entry, lane, fetchedAfter);
    });
  }

  /** The reader got WebP at once; the requested AVIF is made in the background. */
  function improve(
    variant: Variant,
    { original, release }: Lease,
    clients: Clients,
    fetchedAfter: number,
  ): void {
    const begun = background.run("make the variant that a substitute stands in for", async (signal) => {
      try {
        const encoded = await encodeOne(variant, original, { lane: "warm", clients, signal });
        keep(variant, toEntry(encoded, original, look), "live", fetchedAfter);
      } finally {
        release();
      }
    });
    if (!begun) release();
  }

  /** Each holds its original in memory, which readers need: hence few. A publish makes the rest sooner. */
  function renew(variant: Variant, clients: Clients): void {
    const name = variantName(variant);
    if (renewals.size >= MOST_RENEWALS || renewals.has(name)) return;
    renewals.add(name);
    const begun = background.run("make a variant in the current look", async (signal) => {
      const fetchedAfter = purgesOf(variant.key);
      try {
        const lease = await originals.fetch(variant.key, signal, { lane: "warm", clients });
        const ms = { source: 0, queue: 0, encode: 0 };
        await encodeFor(variant, lease, ms, { lane: "warm", signal, clients }, fetchedAfter);
      } catch (error) {
        // The load lasts: a later reader starts it again.
        if (!(error instanceof Problem && error.code === "busy")) throw error;
      } finally {
        renewals.delete(name);
      }
    });
    if (!begun) renewals.delete(name);
  }

  async function fetchAndEncode(variant: Variant, signal: AbortSignal, clients: Clients): Promise<Made> {
    const fetchedAfter = purgesOf(variant.key);
    const leavePlace = encoder.expect(clients);
    const started = performance.now();
    let lease: Lease;
    try {
      lease = await originals.fetch(variant.key, signal, { lane: "live", clients });
    } finally {
      leavePlace();
    }
    const ms = { source: performance.now() - started, queue: 0, encode: 0 };
    return await encodeFor(variant, lease, ms, { lane: "live", signal, clients }, fetchedAfter);
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
      learn(variant.key, original);
      // SVG scales by itself, is often smaller than a raster image of it, and is never decoded here.
      if (original.type === "image/svg+xml") return { entry: svgEntry(original, look), ms };
      const encoded = await encodeOne(variant, original, options);
      const entry = toEntry(encoded, original, look);
      keep(variant, entry, options.lane, fetchedAfter);
      isImproved = encoded.substitute;
      if (isImproved) improve(variant, lease, options.clients, fetchedAfter);
      return { entry, ms: { ...ms, ...encoded.ms } };
    } finally {
      if (!isImproved) lease.release();
    }
  }

  async function encodeOne(variant: Variant, original: Original, options: EncodeOptions): Promise<Encoded> {
    const outputs = await withOwnFocus([variant], original.validator, records);
    for await (const encoded of encoder.encode(original.body, outputs, options)) return encoded;
    throw new Problem("encode-failed", { cause: new Error("the encoder gave nothing") });
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
      learn(first.key, original);
      const left = [...wanted];
      let inARow = 0;
      while (left.length > 0) {
        const before = left.length;
        try {
          yield* encodeAll(original, left, options, fetchedAfter);
        } catch (error) {
          // The others can still be made; but not when two in a row have hung or killed a child.
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

  /** Removes each variant from the list when it is made. */
  async function* encodeAll(
    original: Original,
    left: Variant[],
    options: { readonly signal: AbortSignal; readonly effort?: number },
    fetchedAfter: number,
  ): AsyncGenerator<Entry> {
    if (original.type === "image/svg+xml") {
      for (const _ of left.splice(0)) yield svgEntry(original, look);
      return;
    }
    const outputs = await withOwnFocus(left, original.validator, records);
    for await (const encoded of encoder.encode(original.body, outputs, { lane: "warm", ...options })) {
      const entry = toEntry(encoded, original, look);
      const variant = left.shift();
      if (variant !== undefined) keep(variant, entry, "warm", fetchedAfter);
      yield entry;
    }
    if (left.length > 0) throw new Problem("encode-failed", { cause: new Error("the encoder gave too few") });
  }

  /** One read for all requests at the same time: after a restart, all readers of a page send them. */
  function readOnce(variant: Variant): Promise<Entry | undefined> {
    // A read that began before a purge must not be used for later readers.
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
    // A reader may look at the disk just before another one has made the variant.
    if (stored === undefined) return hot.get(variant);
    // But not after a purge in the meantime.
    if (hot.edition === edition) hot.set(variant, stored);
    return stored;
  }

  function isCurrent(meta: EntryMeta, validator = meta.validator): boolean {
    return meta.validator === validator && meta.look >= look;
  }

  return {
    makeAll,
    renew,
    isCurrent,
    find(variant) {
      const held = hot.get(variant);
      return held === undefined ? readOnce(variant) : Promise.resolve(held);
    },
    findMeta: async (variant) => hot.get(variant)?.meta ?? cache.readMeta(variant),
    async findStored(variant, validator) {
      const stored = await cache.read(variant);
      // It may have been made, and not be stored yet, while the disk was read.
      const found = stored !== undefined && isCurrent(stored.meta, validator) ? stored : hot.get(variant);
      if (found === undefined || !isCurrent(found.meta, validator)) return undefined;
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

const MOST_RENEWALS = 2;

/** Failures of one variant only: it cannot be made, or not in time. */
const ofOneVariant: ReadonlySet<ProblemCode> = new Set(["impossible-variant", "encode-failed"]);

/** An encoder's output in the form of a cache entry. */
export function toEntry(encoded: Encoded, { validator, checked }: Known, look: number): Entry {
  const { body, contentType, width, height, effort, substitute } = encoded;
  const etag = etagOf(body);
  return {
    body,
    meta: { validator, contentType, width, height, etag, effort, substitute, look, made: checked },
  };
}

type EncodeOptions = Parameters<Encoder["encode"]>[2];

function svgEntry({ body, type, validator, checked }: Original, look: number): Entry {
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
      look,
      made: checked,
    },
  };
}
