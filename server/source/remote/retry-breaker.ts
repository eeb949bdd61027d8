import { setTimeout as sleep } from "node:timers/promises";
import { Problem, type ProblemCode } from "../../errors.ts";
import { type Body, thenDo } from "../body.ts";
import type { Source, SourceObject } from "../source.ts";
import { createBreaker } from "./breaker.ts";
import { begin, firstOf, Patience, type Work } from "./hedge.ts";
import { type Asked, WatchedBody } from "./watched-body.ts";

/** Counts of retries, for metrics and tests. */
export interface RetryStats {
  readonly retries: number;
  readonly opened: number;
}

/**
 * Adds retries and a circuit breaker to a remote source. It tries once more where that helps: after a failure, beside an attempt
 * that is silent for long, and for the rest of a body. Beyond the first ten, retries are at most a tenth of the requests. A source
 * that fails as a whole gets no requests for a while. Faults of one object or of the server's settings are neither retried nor
 * counted.
 */
export function retrySource(
  source: Source,
  options: {
    /** Silence after which a second attempt starts in parallel. */
    readonly patienceMs?: number;
    readonly now?: () => number;
    readonly pauseMs?: () => number;
  } = {},
): Source & { readonly stats: () => RetryStats } {
  const { now = () => performance.now(), pauseMs = () => 50 + Math.random() * 200 } = options;
  const { patienceMs = 3_000 } = options;
  const budget = createRetryBudget();
  const breaker = createBreaker(now);

  async function attempt<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const record = breaker.enter(key);
    const started = now();
    try {
      const result = await work();
      record("good");
      return result;
    } catch (error) {
      // A missing photograph is a good answer. A reader who left early, and shortages of this server, say nothing about the source.
      const hasLeft = signal.aborted && now() - started < 3 * patienceMs;
      const isSilent = hasLeft || (error instanceof Problem && error.code === "busy");
      record(isSilent ? "nothing" : signal.aborted || isTrouble(error) ? "bad" : "good");
      throw error;
    }
  }

  async function guarded<T>(
    key: string,
    signal: AbortSignal,
    work: Work<T>,
    drop: (late: T) => void = () => undefined,
  ): Promise<T> {
    budget.earn();
    const start = () => begin<T>(signal, (signal, end) => attempt(key, signal, () => work(signal, end)));
    const first = start();
    const patience = new Patience(patienceMs);
    const isSlow = await patience.isSlow(first.result);
    patience.end();
    if (isSlow && mayRetry(signal)) return firstOf([first, start()], (error) => !isTrouble(error), drop);
    try {
      return await first.result;
    } catch (error) {
      if (!isTrouble(error) || !mayRetry(signal)) throw error;
      await sleep(pauseMs(), undefined, { signal });
      return start().result;
    }
  }

  /** The rest of a body that was cut, if the object is still the same: halves of two objects must not be joined. */
  async function resume(
    { validator }: SourceObject,
    { key, signal, ...rest }: Asked,
    cut: unknown,
  ): Promise<Body> {
    await sleep(pauseMs(), undefined, { signal });
    const object = await attempt(key, signal, () => source.open(key, signal, rest)).catch(
      (error: unknown) => {
        throw isTrouble(error) ? error : cut;
      },
    );
    if (object.validator === validator) return object.body;
    object.body.cancel();
    throw cut;
  }

  function mayRetry(signal: AbortSignal): boolean {
    return !signal.aborted && !breaker.isOpen() && budget.spend();
  }

  return {
    stat: (key, signal) => guarded(key, signal, (signal, end) => source.stat(key, signal).finally(end)),
    async open(key, signal, range) {
      const open: Work<SourceObject> = async (signal, end) => {
        const object = await source.open(key, signal, range);
        return { ...object, body: thenDo(object.body, end) };
      };
      const object = await guarded(key, signal, open, ({ body }) => body.cancel());
      const asked = { key, signal, first: 0, last: object.bytes - 1, ...range };
      return {
        ...object,
        body: new WatchedBody(object, asked, { patienceMs, mayRetry, resume, broke: breaker.broke }),
      };
    },
    stats: () => ({ retries: budget.spent(), opened: breaker.opened() }),
  };
}

const troubles: ReadonlySet<ProblemCode> = new Set(["source-failed", "source-timeout", "source-busy"]);

function isTrouble(error: unknown): boolean {
  return error instanceof Problem && troubles.has(error.code);
}

// --- retries ---

/** Each request earns a tenth of a retry, at most ten in stock, and ten at the start: retries must never keep a source down. */
function createRetryBudget() {
  let tenths = 100;
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
