import { Problem, type ProblemCode } from "../errors.ts";
import type { Metrics, SourceOutcome } from "../telemetry/metrics.ts";
import type { Source } from "./source.ts";

/** Counts the requests to a source by outcome. */
export function observeSource(source: Source, metrics: Pick<Metrics, "fetched">): Source {
  async function count<T>(signal: AbortSignal, work: Promise<T>, bytesOf: (result: T) => number): Promise<T> {
    try {
      const result = await work;
      metrics.fetched("ok", bytesOf(result));
      return result;
    } catch (error) {
      // A reader who disconnected says nothing about the source.
      if (!signal.aborted) metrics.fetched(outcomeOf(error), 0);
      throw error;
    }
  }

  return {
    stat: (key, signal) => count(signal, source.stat(key, signal), () => 0),
    open: (key, signal, range) =>
      count(signal, source.open(key, signal, range), ({ bytes }) =>
        range === undefined ? bytes : range.last + 1 - range.first,
      ),
  };
}

const outcomes: Partial<Record<ProblemCode, SourceOutcome>> = {
  "source-absent": "absent",
  "withheld-source": "withheld",
  "moved-source": "withheld",
  "bad-range": "ok",
  "source-misconfigured": "misconfigured",
  "source-busy": "busy",
  "source-timeout": "timeout",
};

function outcomeOf(error: unknown): SourceOutcome {
  return (error instanceof Problem ? outcomes[error.code] : undefined) ?? "failed";
}
