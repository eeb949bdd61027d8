import { type Clients, publisher } from "../concurrency/clients.ts";
import type { Claim, Semaphore } from "../concurrency/semaphore.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import { createRateLimiter, type RateLimiter } from "../concurrency/token-bucket.ts";
import type { Lane } from "../encode/encoder.ts";
import type { SourceLimits } from "../encode/limits.ts";
import { hasHeader } from "../encode/memory/layout.ts";
import { precheck } from "../encode/pool/precheck.ts";
import { Problem } from "../errors.ts";
import type { Pieces } from "../formats/pieces.ts";
import { sniff } from "../formats/sniff.ts";
import { readWhole } from "../source/body.ts";
import { within } from "../source/remote/timeouts.ts";
import type { Source } from "../source/source.ts";
import { isStrong } from "../source/validator.ts";

/** A whole original in memory. */
export interface Original {
  readonly validator: string;
  /** When the source was asked for it, in milliseconds since 1970: it may have changed since. */
  readonly checked: number;
  /** Media type, from its first bytes. */
  readonly type: string;
  readonly body: Pieces;
}

/** An original in use. Its memory stays reserved until every user has released it. */
export interface Lease {
  readonly original: Original;
  /** Further calls have no effect. */
  release(): void;
}

/** Fetches originals for encoding: one fetch for each key, whatever number of variants needs it. */
export interface OriginalFetcher {
  /**
   * @param how `live`: a reader waits, at most `liveMs`; a warm-up waits as long as the source keeps a minimum speed.
   * @throws Problem as {@link Source} does, `unsupported-source`, `unreadable-source` above the limit, and `busy` when there is
   * no memory for it in time.
   */
  fetch(
    key: string,
    signal: AbortSignal,
    how: { readonly lane: Lane; readonly clients?: Clients },
  ): Promise<Lease>;
}

/** Dependencies of fetching an original. */
export interface OriginalsParts {
  readonly source: Source;
  readonly flights: SingleFlight<Held>;
  readonly maxBytes: number;
  /** Maximum time for a reader's original to arrive, in milliseconds. */
  readonly liveMs: number;
  readonly limits: SourceLimits;
  /** Maximum parallel fetches: the source's connections are also for originals that are streamed. */
  readonly places: Semaphore;
  /** Maximum bytes of originals in memory, from the first byte of the body until the last encoder is done with it. */
  readonly memory: Semaphore;
}

/** An original and the number of its users. */
export interface Held {
  readonly original: Original;
  readonly giveBack: () => void;
  holders: number;
}

export function createOriginalFetcher(parts: OriginalsParts): OriginalFetcher {
  // Limits the extra requests to a source that cuts every body.
  const restarts = createRateLimiter({ burst: 10, perSecond: 1 });
  return {
    async fetch(key, signal, { lane, clients = publisher }) {
      const fetchFor = (signal: AbortSignal, clients: Clients): Promise<Held> =>
        fetchHeld(parts, key, { signal, clients }, restarts);
      const join = (signal: AbortSignal): Promise<Held> => parts.flights.do(key, signal, fetchFor, clients);
      return lease(await (lane === "live" ? within(parts.liveMs, signal, join) : join(signal)));
    },
  };
}

function lease(held: Held): Lease {
  held.holders += 1;
  let released = false;
  return {
    original: held.original,
    release: () => {
      if (released) return;
      released = true;
      letGo(held);
    },
  };
}

function letGo(held: Held): void {
  held.holders -= 1;
  if (held.holders === 0) held.giveBack();
}

async function fetchHeld(
  parts: OriginalsParts,
  key: string,
  claim: Omit<Claim, "amount">,
  restarts: RateLimiter,
): Promise<Held> {
  const leavePlace = await parts.places.acquire(claim);
  let giveBack = (): void => undefined;
  try {
    const reserve = async (bytes: number): Promise<void> => {
      giveBack();
      giveBack = await parts.memory.acquire({ ...claim, amount: bytes });
    };
    let isWeak = false;
    const onCut = (validator: string): void => {
      isWeak = !isStrong(validator);
    };
    const read = (): Promise<Original> => fetchWhole(parts, key, claim.signal, { reserve, onCut });
    const original = await read().catch((error: unknown) => {
      // The rest of such a body cannot be requested (remote/retry-breaker.ts), so it is read once more from its start.
      if (!isWeak || !restarts.take("")) throw error;
      return read();
    });
    const held: Held = { original, giveBack, holders: 1 };
    // The single-flight itself holds it until all joined requests have had a chance to take it; they may all have left.
    setImmediate(() => letGo(held));
    return held;
  } catch (error) {
    giveBack();
    throw error;
  } finally {
    leavePlace();
  }
}

async function fetchWhole(
  { source, maxBytes, limits }: OriginalsParts,
  key: string,
  signal: AbortSignal,
  to: {
    readonly reserve: (bytes: number) => Promise<void>;
    /** Whether the body ended short. */
    readonly onCut: (validator: string) => void;
  },
): Promise<Original> {
  const checked = Date.now();
  const object = await source.open(key, signal);
  try {
    if (object.bytes > maxBytes)
      throw new Problem("unreadable-source", {
        detail: `The original has ${object.bytes} bytes; this server reads up to ${maxBytes}.`,
      });
    await to.reserve(object.bytes);
    let type = "";
    const body = await readWhole(object.body, object.bytes, (head) => {
      type = typeOf(head);
      if (type !== "image/svg+xml") precheck(head, limits);
      return hasHeader(type, head);
    });
    return { validator: object.validator, checked, type, body };
  } catch (error) {
    object.body.cancel();
    if (error instanceof Problem && error.code === "source-failed" && !signal.aborted)
      to.onCut(object.validator);
    throw error;
  }
}

/** @throws Problem `unsupported-source`, with a message for the author. */
export function typeOf(head: Uint8Array): string {
  const { kind, type, detail } = sniff(head);
  if (kind === "other") throw new Problem("unsupported-source", { ...(detail !== undefined && { detail }) });
  return type;
}
