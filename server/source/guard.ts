import { setTimeout as sleep } from "node:timers/promises";
import { Problem, type ProblemCode } from "../errors.ts";
import type { ByteRange, Source, SourceObject } from "./source.ts";

/** What a guard has seen, for metrics and tests. */
export interface GuardStats {
  readonly retries: number;
  readonly opened: number;
}

/**
 * Stands between the server and a remote source: one more try where that helps, also for the rest of a body that was
 * cut short, but retries stay below a tenth of the requests; when half of the last requests failed, nobody asks for some seconds, then one does.
 */
export function guardSource(
  source: Source,
  options: { readonly now?: () => number; readonly pauseMs?: () => number } = {},
): Source & { readonly stats: () => GuardStats } {
  const { now = Date.now, pauseMs = () => 50 + Math.random() * 200 } = options;
  const budget = createRetryBudget();
  const breaker = createBreaker(now);

  async function attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    breaker.check();
    try {
      const result = await work();
      breaker.record(true);
      return result;
    } catch (error) {
      // A missing photograph is a good answer, and a reader who left says nothing of the source.
      if (signal.aborted) breaker.forgo();
      else breaker.record(!isTrouble(error));
      throw error;
    }
  }

  async function guarded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    budget.earn();
    try {
      return await attempt(signal, work);
    } catch (error) {
      if (!isTrouble(error) || !mayRetry(signal)) throw error;
      await sleep(pauseMs(), undefined, { signal });
      return attempt(signal, work);
    }
  }

  /** A body that breaks is trouble too, seen only after the answer began. */
  function watched(object: SourceObject, { key, signal, first, last }: Asked): SourceObject {
    let reader = object.body.getReader();
    let at = first;
    let resumed = false;

    async function read(): Promise<Awaited<ReturnType<typeof reader.read>>> {
      try {
        return await reader.read();
      } catch (error) {
        if (!signal.aborted) breaker.record(false);
        if (resumed || at > last || !isCut(error) || !isStrong(object.validator) || !mayRetry(signal))
          throw error;
        resumed = true;
        reader = (await resume(object, { key, signal, first: at, last }, error)).getReader();
        return read();
      }
    }

    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await read();
          if (done) return controller.close();
          at += value.byteLength;
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return { ...object, body };
  }

  /** The rest of a body that was cut short, if it is still the same object: half of one and half of another is none. */
  async function resume(
    { validator }: SourceObject,
    { key, signal, ...rest }: Asked,
    cut: unknown,
  ): Promise<ReadableStream<Uint8Array>> {
    await sleep(pauseMs(), undefined, { signal });
    const object = await attempt(signal, () => source.open(key, signal, rest));
    if (object.validator === validator) return object.body;
    await object.body.cancel();
    throw cut;
  }

  function mayRetry(signal: AbortSignal): boolean {
    return !signal.aborted && !breaker.isOpen() && budget.spend();
  }

  return {
    stat: (key, signal) => guarded(signal, () => source.stat(key, signal)),
    async open(key, signal, range) {
      const object = await guarded(signal, () => source.open(key, signal, range));
      return watched(object, { key, signal, first: 0, last: object.bytes - 1, ...range });
    },
    stats: () => ({ retries: budget.spent(), opened: breaker.opened() }),
  };
}

/** What was asked for: these bytes of an object. */
interface Asked extends ByteRange {
  readonly key: string;
  readonly signal: AbortSignal;
}

/** A stall has cost its two seconds already. */
function isCut(error: unknown): boolean {
  return error instanceof Problem && error.code === "source-failed";
}

/** Only by a strong ETag can parts be told to be of one object (RFC 9110 §15.3.7.3). */
function isStrong(validator: string): boolean {
  return validator.startsWith('"');
}

const troubles: ReadonlySet<ProblemCode> = new Set(["source-failed", "source-timeout", "source-busy"]);

function isTrouble(error: unknown): boolean {
  return error instanceof Problem && troubles.has(error.code);
}

// --- retries ---

/** A tenth of a retry for each request, ten saved up at most: retries are never what keeps a source down. */
function createRetryBudget() {
  let tenths = 0;
  let spent = 0;
  return {
    earn: () => {
      tenths = Math.min(100, tenths + 1);
    },
    spend: () => {
      if (tenths < 10) return false;
      tenths -= 10;
      spent += 1;
      return true;
    },
    spent: () => spent,
  };
}

// --- breaker ---

const WINDOW_MS = 10_000;
const FEWEST = 20;
const OPEN_MS = 5_000;

/** Closed, open for five seconds, then half open: one request goes through and decides. */
function createBreaker(now: () => number) {
  let window: { readonly at: number; readonly good: boolean }[] = [];
  let openUntil = 0;
  let probing = false;
  let opened = 0;

  const open = (): void => {
    openUntil = now() + OPEN_MS;
    window = [];
    opened += 1;
  };

  return {
    /** @throws Problem `source-busy` while open. */
    check() {
      if (openUntil === 0) return;
      const left = openUntil - now();
      if (left > 0 || probing)
        throw new Problem("source-busy", { retryAfterSeconds: Math.max(1, Math.ceil(left / 1000)) });
      probing = true;
    },
    record(good: boolean) {
      if (probing) {
        probing = false;
        if (good) openUntil = 0;
        else open();
        return;
      }
      window = [...window.filter(({ at }) => now() - at < WINDOW_MS), { at: now(), good }].slice(-200);
      const bad = window.filter((one) => !one.good).length;
      if (window.length >= FEWEST && bad * 2 >= window.length) open();
    },
    /** The request that was to decide has said nothing. */
    forgo() {
      probing = false;
    },
    isOpen: () => openUntil > 0,
    opened: () => opened,
  };
}
