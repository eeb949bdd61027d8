import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { browser, fetchImage, type Ours, pathOf, startOurs, versionOf } from "../peers/ours.ts";
import type { Bench } from "../tools/bench.ts";
import { underLoad } from "../tools/load/http-run.ts";
import { alternate, type Contender } from "../tools/measure/alternate.ts";
import { leastOf } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";
import { fillCache } from "../tools/site/entries.ts";
import { type Rescan, rescans } from "../tools/site/rescans.ts";
import { writeSite } from "../tools/site/site.ts";
import { sweepers } from "./gc.ts";
import { scanOf } from "./scan.ts";

type Points = (readonly [number, number])[];

/** How the cost of a hit, a sweep and a scan grows with caches and sites. */
export async function growth(bench: Bench): Promise<Result> {
  const caches = new Map<number, string>();
  for (const entries of [1_000, 10_000, 100_000, 1_000_000]) {
    bench.tell(`making ${entries} entries`);
    const cache = await mkdtemp(path.join(bench.folder, "cache-"));
    await fillCache(cache, entries);
    caches.set(entries, cache);
  }
  const hit = await diskHits(bench, caches);
  const [walk, sweep]: [Points, Points] = [[], []];
  for (const [entries, cache] of caches) {
    bench.tell(`sweeping ${entries} entries`);
    const [bare, ours] = sweepers(bench, cache);
    walk.push([entries, await leastCpu(bare)]);
    sweep.push([entries, await leastCpu(ours)]);
  }
  const scanned: Points = [];
  for (const posts of [250, 1_000, 4_000]) {
    bench.tell(`${posts} posts`);
    const site = await mkdtemp(path.join(bench.folder, "site-"));
    await writeSite(site, { posts, images: 3, everySecond: true, hook: "ours", manifest: 0 });
    scanned.push([posts, await leastCpu(scanOf(bench, site))]);
  }
  const changed = await rescans(bench, 4_000, [0, 4, 40, 400]);
  const grown: Rescan[] = [];
  for (const posts of [250, 1_000, 4_000]) grown.push(...(await rescans(bench, posts, [40])));
  return {
    title: "Growth",
    about: `A hit from disk in caches of 1,000 to 1,000,000 entries, a server on each, ${bench.rounds} rounds in alternating order; one sweep of each cache and a dry scan of sites of 250 to 4,000 posts, three runs. Then scans with a token after some posts of a site have got another photograph, new ones in each run: by the number of changed posts of 4,000, and by the number of posts with 40 changed. Minimum CPU time. Sweep and scan begin with the start of a process, about a third of a second.`,
    targets: [
      { claim: "CPU of a hit, largest cache ÷ smallest", measured: last(hit) / first(hit), atMost: 1.15 },
      {
        claim: "CPU of a sweep, 10 times the entries",
        measured: last(sweep) / (sweep.at(-2)?.[1] ?? 1),
        atMost: 11,
      },
      {
        claim: "CPU of the largest sweep ÷ bare readdir and stat",
        measured: last(sweep) / last(walk),
        atMost: 1.3,
      },
      {
        claim: "CPU of a scan, 4 times the posts",
        measured: last(scanned) / (scanned[1]?.[1] ?? 1),
        atMost: 4.4,
      },
      {
        claim: "CPU of a rescan beyond one of an unchanged site, 10 times the change",
        measured: beyondUnchanged(changed, 3) / beyondUnchanged(changed, 2),
        atMost: 11,
      },
      {
        claim: "CPU of a rescan, 4 times the posts, 40 changed",
        measured: last(pointsOf(grown, "posts")) / (pointsOf(grown, "posts").at(-2)?.[1] ?? 1),
        atMost: 4.4,
      },
    ],
    tables: [
      { title: "Hit from disk", head: ["entries", "µs of CPU a request"], rows: rows(hit) },
      {
        title: "Sweep",
        head: ["entries", "ms of CPU", "bare readdir and stat"],
        rows: sweep.map(([size, value], at) => [
          size.toLocaleString("en"),
          value,
          walk[at]?.[1] ?? Number.NaN,
        ]),
      },
      { title: "Scan", head: ["posts", "ms of CPU"], rows: rows(scanned) },
      {
        title: "Scan after a change",
        head: ["posts", "changed", "ms of CPU", "the server's", "calls"],
        rows: [...changed, ...grown].map(({ posts, changed, cpuMs, serverCpuMs, calls }) => [
          posts.toLocaleString("en"),
          String(changed),
          cpuMs,
          serverCpuMs,
          String(calls),
        ]),
      },
    ],
    plot: {
      kind: "lines",
      x: "entries, posts or changed posts",
      y: "CPU: µs a hit; ms a sweep, ms a scan",
      lines: [
        { name: "hit from disk", points: hit },
        { name: "sweep", points: sweep },
        { name: "bare readdir and stat", points: walk },
        { name: "scan", points: scanned },
        { name: "rescan, by changed posts", points: pointsOf(changed, "changed").slice(1) },
        { name: "rescan of 40, by posts", points: pointsOf(grown, "posts") },
      ],
    },
  };
}

// --- runs ---

/** A server on each cache, in turn, so that other load on the machine affects all of them. */
async function diskHits(bench: Bench, caches: ReadonlyMap<number, string>): Promise<Points> {
  const env = { HOT_CACHE_BYTES: "0", LOG_LEVEL: "silent", GC_INTERVAL: "0" };
  const key = bench.keys[0];
  const servers: Ours[] = [];
  const readers: Contender[] = [];
  for (const [entries, cache] of caches) {
    const ours = await startOurs({ ...bench, cache, env });
    const target = pathOf({ key, width: 640, quality: 60, version: await versionOf(ours, key) });
    await fetchImage(ours.url + target);
    servers.push(ours);
    readers.push(underLoad(bench, String(entries), ours, [target], { headers: browser, connections: 1 }));
  }
  const samples = await alternate(readers, bench.rounds, (round) => bench.tell(`hits, round ${round}`));
  await Promise.all(servers.map((ours) => ours.stop()));
  return [...caches.keys()].map((entries) => [entries, leastOf(samples, String(entries), "cpuMicroseconds")]);
}

async function leastCpu(contender: ReturnType<typeof scanOf>): Promise<number> {
  return leastOf(await alternate([contender], 3), contender.name, "cpuMs");
}

/** Starting the process and reading the site cost the same without a change. */
function beyondUnchanged(changed: readonly Rescan[], at: number): number {
  return (changed[at]?.cpuMs ?? Number.NaN) - (changed[0]?.cpuMs ?? Number.NaN);
}

function pointsOf(runs: readonly Rescan[], along: "posts" | "changed"): Points {
  return runs.map((run) => [run[along], run.cpuMs]);
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
