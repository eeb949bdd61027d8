import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { metricDefinitions } from "../metric-definitions.ts";
import { createMetrics, formatLabel, type Metrics } from "../metrics.ts";

const summary = {
  keptFiles: 3,
  keptBytes: 9,
  deletedFiles: 5,
  deletedBytes: 40,
  deletedPinned: 1,
  deletedTemporary: 2,
  foreignFiles: 0,
  failedDeletes: 0,
  unreadSets: [],
  oldestKeptMs: 60_000,
  dryRun: false,
};

test("every metric that is defined is reported, and nothing else", async () => {
  const names = [...(await scrape(used())).matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
  expect(names.sort()).toEqual(
    Object.values(metricDefinitions)
      .map((definition) => definition.name)
      .sort(),
  );
});

test("a response is counted once, by cache, format and status", async () => {
  const text = await scrape(used());
  expect(text).toContain('imgproxy_lite_requests_total{cache="hit",format="avif",status="200"} 1');
  expect(text).toContain('imgproxy_lite_request_duration_seconds_count{cache="hit"} 1');
  expect(text).toContain('imgproxy_lite_response_bytes_total{format="avif"} 1000');
});

test("a cause that has not happened yet is reported as 0, so that increase() sees the first event", async () => {
  const text = await scrape(createMetrics({ version: "1.2.3" }));
  expect(text).toContain('imgproxy_lite_source_requests_total{outcome="timeout"} 0');
  expect(text).toContain('imgproxy_lite_encode_failures_total{cause="crash"} 0');
  expect(text).toContain('imgproxy_lite_cache_failures_total{cause="full"} 0');
});

test("a process that never swept reports no metric of the cache volume", async () => {
  const sweeping = createMetrics({ version: "1.2.3", sweeps: { maxBytes: 10, maxFiles: 2 } });
  expect(await scrape(createMetrics({ version: "1.2.3" }))).not.toContain("imgproxy_lite_gc_");
  expect(await scrape(sweeping)).not.toContain("imgproxy_lite_cache_bytes");
  sweeping.swept(undefined);
  expect(await scrape(sweeping)).toContain('imgproxy_lite_gc_sweeps_total{outcome="failed"} 1');
  expect(await scrape(sweeping)).not.toContain("imgproxy_lite_gc_last_sweep_timestamp_seconds");
});

test("a sweep reports the kept and the deleted entries, pinned ones separately", async () => {
  const text = await scrape(used());
  expect(text).toContain("imgproxy_lite_cache_bytes 9");
  expect(text).toContain('imgproxy_lite_gc_deleted_files_total{kind="unpinned"} 4');
  expect(text).toContain('imgproxy_lite_gc_deleted_files_total{kind="pinned"} 1');
  expect(text).toContain("imgproxy_lite_gc_oldest_kept_seconds 60");
});

test("the last sweep of an earlier process is reported before this process sweeps", async () => {
  const metrics = createMetrics({ version: "1.2.3", sweeps: { maxBytes: 10, maxFiles: 2 } });
  metrics.used({ bytes: 7, files: 2, swept: 1_700_000_000_000 });
  expect(await scrape(metrics)).toContain("imgproxy_lite_gc_last_sweep_timestamp_seconds 1700000000");
  expect(await scrape(metrics)).not.toContain("imgproxy_lite_gc_oldest_kept_seconds");
});

test("current values are read at the scrape", async () => {
  const metrics = createMetrics({ version: "1.2.3" });
  let waiting = 0;
  metrics.read({ waiting: (lane) => (lane === "live" ? waiting : 0) });
  waiting = 7;
  expect(await scrape(metrics)).toContain('imgproxy_lite_queue_jobs{lane="live"} 7');
});

test("a content type becomes the contract's name of the format", () => {
  expect(formatLabel("image/jpeg")).toBe("jpg");
  expect(formatLabel("image/svg+xml; charset=utf-8")).toBe("svg");
  expect(formatLabel("application/problem+json")).toBe("none");
});

test("Prometheus' own linter has no complaint", ({ skip }) => {
  const found = spawnSync("promtool", ["--version"]);
  if (found.error !== undefined && process.env.CI !== "true") {
    console.log("skipped: promtool is not installed (Debian: apt-get install prometheus)");
    skip();
  }
  return expect(
    scrape(used()).then((input) => {
      const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      return { status, stderr };
    }),
  ).resolves.toEqual({ status: 0, stderr: "" });
});

function used(): Metrics {
  const metrics = createMetrics({ version: "1.2.3", sweeps: { maxBytes: 10, maxFiles: 2 } });
  metrics.read({ waiting: () => 0, encoding: () => 0, hotBytes: () => 0, unreadSets: () => 0 });
  metrics.answered({ cache: "hit", contentType: "image/avif", status: 200, bytes: 1000 })(0.002);
  metrics.fetched("ok", 4000);
  metrics.encoded("live", "image/avif", 0.3);
  metrics.swept(summary);
  return metrics;
}

async function scrape(metrics: Metrics): Promise<string> {
  return (await metrics.scrape()).text();
}
