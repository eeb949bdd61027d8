/** A metric as Prometheus has it: base units, `_total` for what only grows. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

/** Every metric of ours: what the documentation, the dashboard and the alerts are checked against. */
export const metricDefinitions = {
  build: {
    type: "gauge",
    name: "imgproxy_lite_build_info",
    help: "1, labelled with the version that runs.",
    labels: ["version"],
  },
  requests: {
    type: "counter",
    name: "imgproxy_lite_requests_total",
    help: "Requests answered on the public port, by what the cache said, the format of the answer and its status.",
    labels: ["cache", "format", "status"],
  },
  requestSeconds: {
    type: "histogram",
    name: "imgproxy_lite_request_duration_seconds",
    help: "Seconds from a request to its answer in hand, by what the cache said.",
    labels: ["cache"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  responseBytes: {
    type: "counter",
    name: "imgproxy_lite_response_bytes_total",
    help: "Bytes of answers, by format.",
    labels: ["format"],
  },
  sourceRequests: {
    type: "counter",
    name: "imgproxy_lite_source_requests_total",
    help: "Requests to the photographs' storage, by outcome: ok, absent, withheld, misconfigured (as set up, or away as a whole), failed, busy, timeout.",
    labels: ["outcome"],
  },
  sourceBytes: {
    type: "counter",
    name: "imgproxy_lite_source_bytes_total",
    help: "Bytes of originals that arrived from the storage.",
    labels: [],
  },
  encodeSeconds: {
    type: "histogram",
    name: "imgproxy_lite_encode_duration_seconds",
    help: "Seconds to make one variant, by format and lane (live: a reader waits; warm: made ahead).",
    labels: ["format", "lane"],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  encodeFailures: {
    type: "counter",
    name: "imgproxy_lite_encode_failures_total",
    help: "Encodes that made nothing, by cause: deadline, crash, source (the original cannot be decoded), variant (not into that one).",
    labels: ["cause"],
  },
  queueJobs: {
    type: "gauge",
    name: "imgproxy_lite_queue_jobs",
    help: "Encodes that wait for a slot now, by lane.",
    labels: ["lane"],
  },
  encodingJobs: {
    type: "gauge",
    name: "imgproxy_lite_encoding_jobs",
    help: "Encodes that run now, by lane.",
    labels: ["lane"],
  },
  hotBytes: {
    type: "gauge",
    name: "imgproxy_lite_hot_cache_bytes",
    help: "Bytes of variants in memory.",
    labels: [],
  },
  cacheFailures: {
    type: "counter",
    name: "imgproxy_lite_cache_failures_total",
    help: "Reads and writes of the cache volume that failed, readers unharmed, by cause: corrupt, full, hung, error.",
    labels: ["cause"],
  },
  purgesWithheld: {
    type: "counter",
    name: "imgproxy_lite_purges_withheld_total",
    help: "Absent photographs whose variants were kept: more than a tenth of all turned absent within an hour.",
    labels: [],
  },
  unreadSets: {
    type: "gauge",
    name: "imgproxy_lite_published_unread_sets",
    help: "Published sets that cannot be read now; what was last read of them stays in force.",
    labels: [],
  },
  cacheBytes: {
    type: "gauge",
    name: "imgproxy_lite_cache_bytes",
    help: "Bytes on the cache volume after the last sweep.",
    labels: [],
  },
  cacheFiles: {
    type: "gauge",
    name: "imgproxy_lite_cache_files",
    help: "Files on the cache volume after the last sweep.",
    labels: [],
  },
  cacheMaxBytes: {
    type: "gauge",
    name: "imgproxy_lite_cache_max_bytes",
    help: "The budget of bytes, CACHE_MAX_BYTES.",
    labels: [],
  },
  cacheMaxFiles: {
    type: "gauge",
    name: "imgproxy_lite_cache_max_files",
    help: "The budget of files, CACHE_MAX_FILES.",
    labels: [],
  },
  gcSweeps: {
    type: "counter",
    name: "imgproxy_lite_gc_sweeps_total",
    help: "Sweeps of the cache volume, by outcome: ok, failed, withheld (nothing was evicted: a published set cannot be read).",
    labels: ["outcome"],
  },
  gcDeletedFiles: {
    type: "counter",
    name: "imgproxy_lite_gc_deleted_files_total",
    help: "Files that sweeps deleted, by kind: unpinned, pinned (published sites alone exceed the budget), temporary.",
    labels: ["kind"],
  },
  gcDeletedBytes: {
    type: "counter",
    name: "imgproxy_lite_gc_deleted_bytes_total",
    help: "Bytes that sweeps deleted.",
    labels: [],
  },
  gcOldestKept: {
    type: "gauge",
    name: "imgproxy_lite_gc_oldest_kept_seconds",
    help: "Age of the least recently used entry that the last sweep kept.",
    labels: [],
  },
  gcLastSweep: {
    type: "gauge",
    name: "imgproxy_lite_gc_last_sweep_timestamp_seconds",
    help: "When the last sweep ended well, in seconds since 1970.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
