import type { Entry, SourceRecords, Variant } from "../../cache/cache.ts";
import type { Clients } from "../../concurrency/clients.ts";
import type { SingleFlight } from "../../concurrency/single-flight.ts";
import type { Encoded, Encoder, Output } from "../../encode/encoder.ts";
import { Problem, type ProblemCode } from "../../errors.ts";
import type { Lease, Original, OriginalFetcher } from "../fetch-original.ts";
import { variantName } from "../memory-cache.ts";
import type { Known } from "../revalidate.ts";
import { svgEntry, toEntry } from "./new-entry.ts";
import { offsetIn } from "./offset-in.ts";
import { withOwnFocus } from "./own-focus.ts";
import { createVariantStore, type Edition, type FindsVariants, type VariantStoreParts } from "./store.ts";

/** A variant that was just made, and the milliseconds it took. */
export interface Made {
  readonly entry: Entry;
  readonly ms: { readonly source: number; readonly queue: number; readonly encode: number };
}

/** Finds variants, or makes and stores them. */
export interface Variants extends FindsVariants {
  /** For readers: made once for all that wait. @throws Problem as {@link OriginalFetcher} and {@link Encoder} do. */
  make(variant: Variant, clients: Clients, signal: AbortSignal): Promise<Made>;
  /** Makes it in the background, while readers get an entry of an older look: a few at a time, the others wait for a reader. */
  renew(variant: Variant, clients: Clients): void;
  /**
   * Makes all variants of one source in the warm lane: one fetch, one job. Each is passed on and stored when it is made, in order.
   * In place of a variant that cannot be made comes its Problem `impossible-variant`.
   */
  makeAll(variants: readonly Variant[], options: MakeAllOptions): AsyncGenerator<Entry | Problem>;
}

export interface MakeAllOptions {
  readonly signal: AbortSignal;
  /** Undefined: a publish. */
  readonly clients?: Clients;
  readonly effort?: number;
}

export function createVariants(
  parts: VariantStoreParts & {
    readonly originals: OriginalFetcher;
    readonly encoder: Encoder;
    readonly flights: SingleFlight<Made>;
    /** Called with each original that was fetched. */
    readonly learn: (key: string, answer: Known) => void;
    readonly records: Pick<SourceRecords, "readRecord">;
  },
): Variants {
  const { originals, encoder, flights, background, learn, records, look } = parts;
  const store = createVariantStore(parts);
  const { keep, editionOf } = store;
  /** Names of variants that are made because their look is old. */
  const renewals = new Set<string>();

  /** The reader got WebP at once; the requested AVIF is made in the background. */
  function improve(variant: Variant, { original, release }: Lease, clients: Clients, since: Edition): void {
    const begun = background.run("make the variant that a substitute stands in for", async (signal) => {
      try {
        const encoded = await encodeOne(variant, original, { lane: "warm", clients, signal });
        keep(variant, toEntry(encoded, original, look), "live", since);
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
      const since = editionOf(variant.key);
      try {
        const lease = await originals.fetch(variant.key, signal, { lane: "warm", clients });
        const ms = { source: 0, queue: 0, encode: 0 };
        await encodeFor(variant, lease, ms, { lane: "warm", signal, clients }, since);
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
    const since = editionOf(variant.key);
    const leavePlace = encoder.expect(clients);
    const started = performance.now();
    let lease: Lease;
    try {
      lease = await originals.fetch(variant.key, signal, { lane: "live", clients });
    } finally {
      leavePlace();
    }
    const ms = { source: performance.now() - started, queue: 0, encode: 0 };
    return await encodeFor(variant, lease, ms, { lane: "live", signal, clients }, since);
  }

  async function encodeFor(
    variant: Variant,
    lease: Lease,
    ms: Made["ms"],
    options: EncodeOptions & { readonly clients: Clients },
    since: Edition,
  ): Promise<Made> {
    const { original } = lease;
    let isImproved = false;
    try {
      learn(variant.key, original);
      // SVG scales by itself, is often smaller than a raster image of it, and is never decoded here.
      if (original.type === "image/svg+xml") return { entry: svgEntry(original, look), ms };
      const encoded = await encodeOne(variant, original, options);
      const entry = toEntry(encoded, original, look);
      keep(variant, entry, options.lane, since);
      isImproved = encoded.substitute;
      if (isImproved) improve(variant, lease, options.clients, since);
      return { entry, ms: { ...ms, ...encoded.ms } };
    } finally {
      if (!isImproved) lease.release();
    }
  }

  async function encodeOne(variant: Variant, original: Original, options: EncodeOptions): Promise<Encoded> {
    const outputs = await withOwnFocus([variant], original.validator, records);
    for await (const encoded of encoder.encode(original.body, outputs, options))
      return withOffset(encoded, outputs[0]);
    throw new Problem("encode-failed", { cause: new Error("the encoder gave nothing") });
  }

  async function* makeAll(
    wanted: readonly Variant[],
    options: MakeAllOptions,
  ): AsyncGenerator<Entry | Problem> {
    const [first] = wanted;
    if (first === undefined) return;
    const since = editionOf(first.key);
    const { original, release } = await originals.fetch(first.key, options.signal, {
      lane: "warm",
      ...(options.clients !== undefined && { clients: options.clients }),
    });
    try {
      learn(first.key, original);
      const left = [...wanted];
      let inARow = 0;
      while (left.length > 0) {
        const before = left.length;
        try {
          yield* encodeAll(original, left, options, since);
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
    options: MakeAllOptions,
    since: Edition,
  ): AsyncGenerator<Entry> {
    if (original.type === "image/svg+xml") {
      for (const _ of left.splice(0)) yield svgEntry(original, look);
      return;
    }
    const outputs = await withOwnFocus(left, original.validator, records);
    let made = 0;
    for await (const encoded of encoder.encode(original.body, outputs, { lane: "warm", ...options })) {
      const entry = toEntry(withOffset(encoded, outputs[made++]), original, look);
      const variant = left.shift();
      if (variant !== undefined) keep(variant, entry, "warm", since);
      yield entry;
    }
    if (left.length > 0) throw new Problem("encode-failed", { cause: new Error("the encoder gave too few") });
  }

  return {
    ...store,
    makeAll,
    renew,
    make: (variant, clients, signal) =>
      flights.do(variantName(variant), signal, (...call) => fetchAndEncode(variant, ...call), clients),
  };
}

const MOST_RENEWALS = 2;

/** Failures of one variant only: it cannot be made, or not in time. */
const ofOneVariant: ReadonlySet<ProblemCode> = new Set(["impossible-variant", "encode-failed"]);

function withOffset(encoded: Encoded, output: Output | undefined): Encoded {
  const offset = output && offsetIn(output.offsets, encoded, output.quality);
  return offset === undefined ? encoded : { ...encoded, offset };
}

type EncodeOptions = Parameters<Encoder["encode"]>[2];
