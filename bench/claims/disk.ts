import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { startNodeHttp } from "../peers/node-http.ts";
import { browser, fetchImage, type Ours, pathOf, startOurs, versionOf } from "../peers/ours.ts";
import type { Bench } from "../tools/bench.ts";
import { underLoad } from "../tools/load/http-run.ts";
import {
  alternate,
  type Contender,
  joined,
  least,
  median,
  type Samples,
} from "../tools/measure/alternate.ts";
import { stopAll } from "../tools/measure/processes.ts";
import { barsOf, leastOf } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";

/** Hits that are not in memory: read from the cache volume and checked, also while encoders are busy. */
export async function disk(bench: Bench): Promise<Result> {
  let idle: ReadonlyMap<string, Samples> = new Map();
  let busy: ReadonlyMap<string, Samples> = new Map();
  let bytes = 0;
  for (let set = 1; set <= SETS; set++) {
    const race = await startRace(bench);
    const samples = await alternate(race.contenders, Math.ceil(bench.rounds / SETS), (round) =>
      bench.tell(`processes ${set} of ${SETS}, round ${round}`),
    );
    idle = joined(idle, samples);
    if (set === SETS) busy = await whileEncoding(bench, race.ours, race.contenders);
    bytes = race.bytes;
    await stopAll();
  }
  const p99 = (samples: ReadonlyMap<string, Samples>, name: string): number =>
    median(samples.get(name)?.p99Ms ?? []);
  const growth = (name: string): number => p99(busy, name) / p99(idle, name);
  const cpu = leastOf(idle, OURS, "cpuMicroseconds") / leastOf(idle, NODE, "cpuMicroseconds");
  return {
    title: "Hits from disk",
    about: `One entry of ${Math.round(bytes / 1024)} KB, memory cache off, 1 connection, because readers of one entry at the same time share one read. Bare node:http reads the same file with fs.readFile (callbacks: less CPU than promises) and computes its SHA-256 in one call for each request: the least cost of an entry that is always verified. ${bench.rounds} rounds over ${SETS} sets of processes, because processes of one program differ. Busy: every encoder works all the time, for both contenders.`,
    targets: [
      { claim: "CPU ÷ bare node:http that reads and checks the file", measured: cpu, atMost: 1.45 },
      { claim: "p99 with every encoder busy ÷ idle", measured: growth(OURS), atMost: 2 },
      {
        claim: "its growth ÷ that of bare node:http beside the same encoders",
        measured: growth(OURS) / growth(NODE),
        atMost: 1.25,
      },
    ],
    tables: [table("Idle", idle), table("Every encoder busy", busy)],
    plot: { kind: "bars", unit: "µs CPU a request", bars: barsOf(idle, "cpuMicroseconds") },
  };
}

/** Number of sets of processes; each set starts both contenders again. */
const SETS = 4;

// --- parts ---

const NODE = "bare node:http, read and SHA-256";
const OURS = "imgproxy-lite, logs off";

interface Race {
  readonly ours: Ours;
  readonly contenders: readonly Contender[];
  /** Bytes of the entry. */
  readonly bytes: number;
}

async function startRace(bench: Bench): Promise<Race> {
  const [key] = bench.keys;
  const ours = await startOurs({ ...bench, env: { HOT_CACHE_BYTES: "0", LOG_LEVEL: "silent" } });
  const target = pathOf({ key, width: 640, quality: 60, version: await versionOf(ours, key) });
  await fetchImage(ours.url + target);
  const { headers } = await untilStored(ours, target);
  const file = await onlyEntry(ours.cache);
  const bytes = (await stat(file)).size;
  const own = Object.entries(headers)
    .filter(([name]) => !["date", "connection", "keep-alive"].includes(name))
    .map(([name, value]) => [name, name === "content-length" ? String(bytes) : value]);
  const node = await startNodeHttp({ ...bench, file, headers: Object.fromEntries(own), from: "disk" });
  const contenders = [
    underLoad(bench, NODE, node, ["/"], { headers: browser, connections: 1 }),
    underLoad(bench, OURS, ours, [target], { headers: browser, connections: 1 }),
  ];
  return { ours, contenders, bytes };
}

/** The response is sent before the entry is on the volume. */
async function untilStored(ours: Ours, target: string) {
  for (;;) {
    const got = await fetchImage(ours.url + target);
    if (got.headers["cache-status"]?.includes("hit") === true) return got;
  }
}

async function onlyEntry(cache: string): Promise<string> {
  const names = await readdir(cache, { recursive: true });
  const entry = names.find((name) => name.includes(".640.60."));
  if (entry === undefined) throw new Error(`no entry in ${cache}`);
  return path.join(cache, entry);
}

async function whileEncoding(
  bench: Bench,
  ours: Ours,
  contenders: readonly Contender[],
): Promise<ReadonlyMap<string, Samples>> {
  let over = false;
  let asked = 0;
  const reader = async (): Promise<void> => {
    while (!over) {
      const number = asked++;
      const request = { key: bench.keys[0], width: 1000 + (number % 500), quality: 1 + (number % 100) };
      await fetch(ours.url + pathOf(request), { headers: browser }).then((answer) => answer.arrayBuffer());
    }
  };
  const readers = Array.from({ length: 4 }, reader);
  try {
    return await alternate(contenders, Math.min(6, bench.rounds), (round) =>
      bench.tell(`encoders busy, round ${round}`),
    );
  } finally {
    over = true;
    await Promise.all(readers);
  }
}

function table(title: string, samples: ReadonlyMap<string, Samples>) {
  return {
    title,
    head: ["", "CPU µs a request, least", "median", "requests/s, median", "p99 ms, median"],
    rows: [...samples].map(([name, { cpuMicroseconds = [], requestsPerSecond = [], p99Ms = [] }]) => [
      name,
      least(cpuMicroseconds),
      median(cpuMicroseconds),
      median(requestsPerSecond),
      median(p99Ms),
    ]),
  };
}
