import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "../tools/bench.ts";
import { alternate, type Contender, most } from "../tools/measure/alternate.ts";
import { measureProgram } from "../tools/measure/command.ts";
import { builtProgram, projectRoot } from "../tools/paths.ts";
import { barsOf, leastOf, timesTable } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";
import { fillCache } from "../tools/site/entries.ts";

/** One sweep of a cache of 300,000 entries that finds nothing to delete. */
export async function gc(bench: Bench): Promise<Result> {
  const cache = await mkdtemp(path.join(bench.folder, "cache-"));
  bench.tell(`making ${ENTRIES} entries`);
  await fillCache(cache, ENTRIES);
  const contenders = sweepers(bench, cache);
  const samples = await alternate(contenders, Math.min(8, bench.rounds), (round) =>
    bench.tell(`round ${round}`),
  );
  const ratio = leastOf(samples, OURS, "cpuMs") / leastOf(samples, WALK, "cpuMs");
  const peak = most(samples.get(OURS)?.peakBytes ?? []) / 2 ** 20;
  return {
    title: "GC",
    about: `One \`gc\` of a cache with ${ENTRIES.toLocaleString("en")} entries, as a process from start to end, against a program of a dozen lines that only reads the folders and stats the files.`,
    targets: [
      { claim: "CPU ÷ bare readdir and stat", measured: ratio, atMost: 1.3 },
      { claim: "peak memory", measured: peak, atMost: 256, unit: " MiB" },
    ],
    tables: [timesTable("", samples, WALK)],
    plot: { kind: "bars", unit: "ms of CPU", bars: barsOf(samples, "cpuMs") },
  };
}

/** Our sweep and the bare walk of one cache. */
export function sweepers(bench: Bench, cache: string): readonly [Contender, Contender] {
  const log = path.join(bench.folder, "sweep.log");
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  return [
    {
      name: WALK,
      run: () =>
        measureProgram({
          file: process.execPath,
          args: [builtProgram("peers", "programs", "walk"), cache],
          log,
        }),
    },
    {
      name: OURS,
      run: () =>
        measureProgram({
          file: process.execPath,
          // With limits far above the cache's size, it deletes nothing.
          args: [bin, "gc", "--cache", cache, "--max-files", "100000000"],
          env: { CACHE_MIN_FREE: "0" },
          log,
        }),
    },
  ];
}

const ENTRIES = 300_000;
const WALK = "bare readdir and stat";
const OURS = "imgproxy-lite gc";
