import { Registry } from "prom-client";
import { formatByType } from "../../contract/formats.ts";
import { metricDefinitions as defined, type MetricDefinition } from "./metric-definitions.ts";
import { counter, deferredCounter, gauge, histogram } from "./metric-kinds.ts";
import { reportProcess } from "./process-metrics.ts";

/** Values of labels. Their meaning is defined in folders above this one, and `tsc` compares them in start.ts. */
const lanes = ["live", "warm"] as const;
type Lane = (typeof lanes)[number];

const failureCauses = ["corrupt", "full", "hung", "error"] as const;

/**
 * Why a read or write of the cache volume failed: a damaged entry, no space, no answer in time, any other error. The reader was
 * served in any case.
 */
export type CacheFailure = (typeof failureCauses)[number];

const sourceOutcomes = ["ok", "absent", "withheld", "misconfigured", "failed", "busy", "timeout"] as const;
const encodeFailureCauses = ["deadline", "crash", "source", "variant"] as const;
const formatLabels: ReadonlyMap<string, string> = new Map([...formatByType, ["application/json", "json"]]);

/** The cache's result, in RFC 9211's terms; `none` if it was not asked (errors, originals, probes). */
export type CacheOutcome = "hit" | "miss" | "stale" | "none";

export type SourceOutcome = (typeof sourceOutcomes)[number];

/** Why a child made no image: killed at its deadline, crashed, the original cannot be decoded, or this variant cannot be made. */
export type EncodeFailure = (typeof encodeFailureCauses)[number];

const reEncodeOutcomes = ["made", "elsewhere", "failed"] as const;

/** The result for an image that was to be made again in the background; `elsewhere`: another replica or a publish made it. */
export type ReEncodeOutcome = (typeof reEncodeOutcomes)[number];

/** The labels of a response. */
export interface AnsweredKind {
  readonly cache: CacheOutcome;
  readonly contentType: string;
  readonly status: number;
  readonly bytes: number;
}

/** Current values, read at each scrape. */
export interface Readings {
  readonly waiting?: (lane: Lane) => number;
  readonly encoding?: (lane: Lane) => number;
  readonly hotBytes?: () => number;
  readonly unreadSets?: () => number;
}

/** Counts of a sweep. */
export interface SweepCounts {
  readonly deletedBytes: number;
  readonly deletedFiles: number;
  /** Pinned variants among the deleted ones: the published sites alone are larger than the cache. */
  readonly deletedPinned: number;
  /** Half-written files of writers that died. */
  readonly deletedTemporary: number;
  readonly keptBytes: number;
  readonly keptFiles: number;
  /** Age of the least recently used entry that was kept, in milliseconds. */
  readonly oldestKeptMs: number;
  /** Published sets that could not be read, by path. */
  readonly unreadSets: readonly string[];
}

/** All metrics. Every method is cheap enough for the path of a hit. */
export interface Metrics {
  /**
   * Finds the counters of a response, once, and returns the function that counts each request with it. `seconds`: from the parsed
   * request until the response is ready; the time to send it depends on the reader.
   */
  answered(kind: AnsweredKind): (seconds: number) => void;
  /** @param bytes of the original that were received. */
  fetched(outcome: SourceOutcome, bytes: number): void;
  /** @param contentType of the variant. */
  encoded(lane: Lane, contentType: string, seconds: number): void;
  encodeFailed(cause: EncodeFailure): void;
  reEncoded(outcome: ReEncodeOutcome): void;
  cacheFailed(cause: CacheFailure): void;
  /** A photograph is absent, and its variants are kept, because too many others are absent too. */
  purgeWithheld(): void;
  /** @param summary undefined when the sweep failed. */
  swept(summary: SweepCounts | undefined): void;
  /** The counts of the last sweep, of this process or an earlier one. */
  used(usage: { readonly bytes: number; readonly files: number; readonly swept: number }): void;
  read(readings: Readings): void;
  /** Everything, in Prometheus' text format. */
  scrape(): Promise<Response>;
}

/** @param options.watchProcess also report memory, event loop and descriptors; only once in a process. */
export function createMetrics(options: {
  readonly version: string;
  /** The limits, in a process that sweeps the cache volume. */
  readonly sweeps?: { readonly maxBytes: number; readonly maxFiles: number };
  readonly watchProcess?: boolean;
}): Metrics {
  const registry = new Registry();
  if (options.watchProcess === true) reportProcess(registry);
  gauge(registry, defined.build).set({ version: options.version }, 1);
  return {
    ...createRequestMetrics(registry),
    ...createSweepMetrics(registry, options.sweeps),
    read: (readings) => registerReadings(registry, readings),
    scrape: async () =>
      new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } }),
  };
}

/** The `format` label of a response: the contract's name for an image, `none` for anything else. */
export function formatLabel(contentType: string): string {
  const known = formatLabels.get(contentType);
  if (known !== undefined) return known;
  const [essence = ""] = contentType.split(";", 1);
  return formatLabels.get(essence.trim()) ?? "none";
}

// --- groups ---

function createRequestMetrics(registry: Registry): Omit<Metrics, "swept" | "used" | "read" | "scrape"> {
  const requests = deferredCounter(registry, defined.requests);
  const requestSeconds = histogram(registry, defined.requestSeconds);
  const responseBytes = deferredCounter(registry, defined.responseBytes);
  const sourceRequests = counter(registry, defined.sourceRequests);
  const sourceBytes = counter(registry, defined.sourceBytes);
  const encodeSeconds = histogram(registry, defined.encodeSeconds);
  const encodeFailures = counter(registry, defined.encodeFailures);
  const reEncodes = counter(registry, defined.reEncodes);
  const cacheFailures = counter(registry, defined.cacheFailures);
  const purgesWithheld = counter(registry, defined.purgesWithheld);
  // Created at the start; otherwise `increase()` would miss the first event of each.
  for (const outcome of sourceOutcomes) sourceRequests.inc({ outcome }, 0);
  for (const cause of encodeFailureCauses) encodeFailures.inc({ cause }, 0);
  for (const outcome of reEncodeOutcomes) reEncodes.inc({ outcome }, 0);
  for (const cause of failureCauses) cacheFailures.inc({ cause }, 0);
  return {
    answered: ({ cache, contentType, status, bytes }) => {
      const format = formatLabel(contentType);
      const answers = requests(`${cache} ${format} ${status}`);
      const volume = responseBytes(format);
      const labels = { cache };
      return (seconds) => {
        answers.pending += 1;
        volume.pending += bytes;
        requestSeconds.observe(labels, seconds);
      };
    },
    fetched: (outcome, bytes) => {
      sourceRequests.inc({ outcome });
      sourceBytes.inc(bytes);
    },
    encoded: (lane, contentType, seconds) =>
      encodeSeconds.observe({ lane, format: formatLabel(contentType) }, seconds),
    encodeFailed: (cause) => encodeFailures.inc({ cause }),
    reEncoded: (outcome) => reEncodes.inc({ outcome }),
    cacheFailed: (cause) => cacheFailures.inc({ cause }),
    purgeWithheld: () => purgesWithheld.inc(),
  };
}

/** A process that does not sweep reports none of these: a gauge at 0 would look like an empty cache. */
function createSweepMetrics(
  registry: Registry,
  budgets: { readonly maxBytes: number; readonly maxFiles: number } | undefined,
): Pick<Metrics, "swept" | "used"> {
  if (budgets === undefined) return { swept: () => {}, used: () => {} };
  gauge(registry, defined.cacheMaxBytes).set(budgets.maxBytes);
  gauge(registry, defined.cacheMaxFiles).set(budgets.maxFiles);
  const sweeps = counter(registry, defined.gcSweeps);
  const deletedFiles = counter(registry, defined.gcDeletedFiles);
  const deletedBytes = counter(registry, defined.gcDeletedBytes);
  for (const outcome of ["ok", "withheld", "failed"]) sweeps.inc({ outcome }, 0);
  for (const kind of ["unpinned", "pinned", "temporary"]) deletedFiles.inc({ kind }, 0);
  const oldestKept = whenKnown(() => gauge(registry, defined.gcOldestKept));
  const used = createUsage(registry);
  return {
    used,
    swept: (summary) => {
      sweeps.inc({ outcome: outcomeOf(summary) });
      if (summary === undefined) return;
      deletedFiles.inc({ kind: "unpinned" }, summary.deletedFiles - summary.deletedPinned);
      deletedFiles.inc({ kind: "pinned" }, summary.deletedPinned);
      deletedFiles.inc({ kind: "temporary" }, summary.deletedTemporary);
      deletedBytes.inc(summary.deletedBytes);
      oldestKept().set(summary.oldestKeptMs / 1000);
      used({ bytes: summary.keptBytes, files: summary.keptFiles, swept: Date.now() });
    },
  };
}

function outcomeOf(summary: SweepCounts | undefined): "ok" | "withheld" | "failed" {
  if (summary === undefined) return "failed";
  return summary.unreadSets.length === 0 ? "ok" : "withheld";
}

function createUsage(registry: Registry): Metrics["used"] {
  const gauges = whenKnown(() => ({
    bytes: gauge(registry, defined.cacheBytes),
    files: gauge(registry, defined.cacheFiles),
    swept: gauge(registry, defined.gcLastSweep),
  }));
  return ({ bytes, files, swept }) => {
    gauges().bytes.set(bytes);
    gauges().files.set(files);
    gauges().swept.set(swept / 1000);
  };
}

/** Created at the first use: prom-client reports a gauge as 0 from its creation on. */
function whenKnown<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function registerReadings(registry: Registry, { waiting, encoding, hotBytes, unreadSets }: Readings): void {
  const perLane = (definition: MetricDefinition, read: (lane: Lane) => number): void => {
    gauge(registry, definition, (of) => {
      for (const lane of lanes) of.set({ lane }, read(lane));
    });
  };
  if (waiting !== undefined) perLane(defined.queueJobs, waiting);
  if (encoding !== undefined) perLane(defined.encodingJobs, encoding);
  if (unreadSets !== undefined) gauge(registry, defined.unreadSets, (of) => of.set(unreadSets()));
  if (hotBytes !== undefined) gauge(registry, defined.hotBytes, (of) => of.set(hotBytes()));
}
