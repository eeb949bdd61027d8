/** A Prometheus metric: its name ends in a base unit, or in `_total` for a counter. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

/** Every metric of this server. The documentation, the dashboard and the alerts are checked against it. */
export const metricDefinitions = {
  build: {
    type: "gauge",
    name: "imgproxy_lite_build_info",
    help: "Always 1; the label is the running version.",
    labels: ["version"],
  },
  requests: {
    type: "counter",
    name: "imgproxy_lite_requests_total",
    help: "Requests on the public port, by cache result (hit, miss, stale), format and status of the response.",
    labels: ["cache", "format", "status"],
  },
  requestSeconds: {
    type: "histogram",
    name: "imgproxy_lite_request_duration_seconds",
    help: "Seconds from a request until its response is ready to send, by cache result.",
    labels: ["cache"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  responseBytes: {
    type: "counter",
    name: "imgproxy_lite_response_bytes_total",
    help: "Bytes of response bodies, by format.",
    labels: ["format"],
  },
  sourceRequests: {
    type: "counter",
    name: "imgproxy_lite_source_requests_total",
    help: "Requests to the source, by outcome: ok, absent, withheld, misconfigured (wrong settings, or the whole source is gone), failed, busy, timeout.",
    labels: ["outcome"],
  },
  sourceBytes: {
    type: "counter",
    name: "imgproxy_lite_source_bytes_total",
    help: "Bytes of originals that were received from the source.",
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
    help: "Failed encodes, by cause: deadline, crash, source (the original cannot be decoded), variant (this variant cannot be made).",
    labels: ["cause"],
  },
  reEncodes: {
    type: "counter",
    name: "imgproxy_lite_reencodes_total",
    help: "Images that were made for a waiting reader and are made again in the background, by outcome: made, elsewhere (by another replica or a publish), failed.",
    labels: ["outcome"],
  },
  queueJobs: {
    type: "gauge",
    name: "imgproxy_lite_queue_jobs",
    help: "Encodes that wait for a slot, by lane.",
    labels: ["lane"],
  },
  encodingJobs: {
    type: "gauge",
    name: "imgproxy_lite_encoding_jobs",
    help: "Running encodes, by lane.",
    labels: ["lane"],
  },
  hotBytes: {
    type: "gauge",
    name: "imgproxy_lite_hot_cache_bytes",
    help: "Bytes of variants in the memory cache.",
    labels: [],
  },
  cacheFailures: {
    type: "counter",
    name: "imgproxy_lite_cache_failures_total",
    help: "Failed reads and writes of the cache volume, by cause: corrupt, full, hung, error. Readers still get their images.",
    labels: ["cause"],
  },
  purgesWithheld: {
    type: "counter",
    name: "imgproxy_lite_purges_withheld_total",
    help: "Absent photographs whose variants were kept, because more than a tenth of all photographs became absent within an hour.",
    labels: [],
  },
  unreadSets: {
    type: "gauge",
    name: "imgproxy_lite_published_unread_sets",
    help: "Published sets that cannot be read. Their last known state stays in force.",
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
    help: "CACHE_MAX_BYTES: maximum bytes on the cache volume.",
    labels: [],
  },
  cacheMaxFiles: {
    type: "gauge",
    name: "imgproxy_lite_cache_max_files",
    help: "CACHE_MAX_FILES: maximum files on the cache volume.",
    labels: [],
  },
  gcSweeps: {
    type: "counter",
    name: "imgproxy_lite_gc_sweeps_total",
    help: "Sweeps of the cache volume, by outcome: ok, failed, withheld (nothing was evicted, because a published set cannot be read).",
    labels: ["outcome"],
  },
  gcDeletedFiles: {
    type: "counter",
    name: "imgproxy_lite_gc_deleted_files_total",
    help: "Files that sweeps deleted, by kind: unpinned, pinned (the published variants alone exceed the limits), temporary.",
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
    help: "Time of the last successful sweep, in seconds since 1970.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
