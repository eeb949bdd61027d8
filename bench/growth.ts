import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { sweepers } from "./gc.ts";
import { browser, fetchImage, pathOf, startOurs, versionOf } from "./peers/ours.ts";
import { scanOf } from "./scan.ts";
import { alternate } from "./tools/alternate.ts";
import type { Bench } from "./tools/bench.ts";
import { leastOf } from "./tools/cpu-table.ts";
import { fillCache } from "./tools/entries.ts";
import { underLoad } from "./tools/http-run.ts";
import type { Result } from "./tools/result.ts";
import { writeSite } from "./tools/site.ts";

type Points = (readonly [number, number])[];

/** What happens to a hit, a sweep and a scan as caches and sites grow. */
export async function growth(bench: Bench): Promise<Result> {
  const [hit, sweep]: [Points, Points] = [[], []];
  for (const entries of [1_000, 10_000, 100_000]) {
    bench.tell(`${entries} entries`);
    const cache = await mkdtemp(path.join(bench.folder, "cache-"));
    await fillCache(cache, entries);
    hit.push([entries, await diskHit(bench, cache)]);
    sweep.push([entries, await leastCpu(sweepers(bench, cache)[1])]);
  }
  const scanned: Points = [];
  for (const posts of [250, 1_000, 4_000]) {
    bench.tell(`${posts} posts`);
    const site = await mkdtemp(path.join(bench.folder, "site-"));
    await writeSite(site, { posts, images: 3, everySecond: true, hook: "ours", manifest: 0 });
    scanned.push([posts, await leastCpu(scanOf(bench, site))]);
  }
  return {
    title: "Growth",
    about:
      "A hit from disk in caches of 1,000 to 100,000 entries, one sweep of each, and a dry scan of sites of 250 to 4,000 posts; CPU, the least of three runs. Sweep and scan begin with the start of a process, about a third of a second.",
    targets: [
      { claim: "CPU of a hit, largest cache ÷ smallest", measured: last(hit) / first(hit), atMost: 1.15 },
      {
        claim: "CPU of a sweep, 10 times the entries",
        measured: last(sweep) / (sweep[1]?.[1] ?? 1),
        atMost: 11,
      },
      {
        claim: "CPU of a scan, 4 times the posts",
        measured: last(scanned) / (scanned[1]?.[1] ?? 1),
        atMost: 4.4,
      },
    ],
    tables: [
      { title: "Hit from disk", head: ["entries", "µs of CPU a request"], rows: rows(hit) },
      { title: "Sweep", head: ["entries", "ms of CPU"], rows: rows(sweep) },
      { title: "Scan", head: ["posts", "ms of CPU"], rows: rows(scanned) },
    ],
    plot: {
      kind: "lines",
      x: "entries or posts",
      y: "CPU: µs a hit; ms a sweep, ms a scan",
      lines: [
        { name: "hit from disk", points: hit },
        { name: "sweep", points: sweep },
        { name: "scan", points: scanned },
      ],
    },
  };
}

// --- runs ---

async function diskHit(bench: Bench, cache: string): Promise<number> {
  const env = { HOT_CACHE_BYTES: "0", LOG_LEVEL: "silent", GC_INTERVAL: "0" };
  const ours = await startOurs({ ...bench, cache, env });
  const key = bench.keys[0];
  const target = pathOf({ key, width: 640, quality: 60, version: await versionOf(ours, key) });
  await fetchImage(ours.url + target);
  const reader = underLoad(bench, "hit", ours, [target], { headers: browser, connections: 8 });
  const samples = await alternate([reader], 4);
  await ours.stop();
  return leastOf(samples, "hit", "cpuMicroseconds");
}

async function leastCpu(contender: ReturnType<typeof scanOf>): Promise<number> {
  return leastOf(await alternate([contender], 3), contender.name, "cpuMs");
}

function first(points: Points): number {
  return points[0]?.[1] ?? Number.NaN;
}

function last(points: Points): number {
  return points.at(-1)?.[1] ?? Number.NaN;
}

function rows(points: Points): (readonly [string, number])[] {
  return points.map(([size, value]) => [size.toLocaleString("en"), value]);
}
