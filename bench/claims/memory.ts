import { setTimeout as sleep } from "node:timers/promises";
import { browser, pathOf, startOurs } from "../peers/ours.ts";
import type { Bench } from "../tools/bench.ts";
import type { Result } from "../tools/result/result.ts";
import { allocators } from "./allocators.ts";

/** Memory of two encoders under ten times the load that they can encode, and a minute later. */
export async function memory(bench: Bench): Promise<Result> {
  const ours = await startOurs({ ...bench, env: { ENCODERS: "2", WARM_ENCODERS: "1", ...image } });
  const started = ours.privateBytes();
  const samples: (readonly [number, number])[] = [];
  const began = performance.now();
  const watching = setInterval(() => samples.push([seconds(began), ours.privateBytes()]), 200);
  const statuses = await flood(bench, ours.url, began + FLOOD_SECONDS * 1000);
  bench.tell(`${FLOOD_SECONDS} s of load are over; a minute of rest`);
  await sleep(65_000);
  clearInterval(watching);
  const peak = Math.max(...samples.map(([, bytes]) => bytes));
  const after = ours.privateBytes();
  await ours.stop();
  const byAllocator = await allocators(bench);
  return {
    title: "Memory",
    about: `Twenty readers request new variants of the largest photograph (${bench.keys[0]}) without a pause for ${FLOOD_SECONDS} s, ten times as many as two encoders can make; the rest is refused. Anonymous memory of the server, which has the image's allocator settings, and all its children, as a cgroup counts it.`,
    targets: [
      { claim: "peak", measured: peak / 2 ** 20, atMost: 512, unit: " MiB" },
      { claim: "a minute after", measured: after / 2 ** 20, atMost: 150, unit: " MiB" },
    ],
    tables: [
      {
        title: "",
        head: ["", "MiB"],
        rows: [
          ["just started", started / 2 ** 20],
          ["peak under load", peak / 2 ** 20],
          ["65 s after the load", after / 2 ** 20],
        ],
      },
      {
        title: "Answers under load",
        head: ["status", "count"],
        rows: [...statuses].sort().map(([status, count]) => [String(status), String(count)]),
      },
      byAllocator,
    ],
    plot: {
      kind: "bars",
      unit: "MiB",
      bars: [
        { name: "just started", value: started / 2 ** 20, ours: true },
        { name: "peak under load", value: peak / 2 ** 20, ours: true },
        { name: "65 s after", value: after / 2 ** 20, ours: true },
      ],
    },
  };
}

/** As in the Containerfile, for the server itself: the benchmark measures a pod. */
const image = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "1048576",
  MALLOC_TRIM_THRESHOLD_: "1048576",
};

// --- load ---

const FLOOD_SECONDS = 30;
const WIDTHS = [480, 800, 1200, 1600, 2400];

async function flood(bench: Bench, url: string, until: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let asked = 0;
  const reader = async (): Promise<void> => {
    while (performance.now() < until) {
      const number = asked++;
      const width = WIDTHS[number % WIDTHS.length] ?? 800;
      const quality = 1 + (Math.floor(number / WIDTHS.length) % 100);
      const answer = await fetch(url + pathOf({ key: bench.keys[0], width, quality }), { headers: browser });
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      // A refused reader waits a little, as a person with a browser does.
      if (answer.status >= 400) await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: 20 }, reader));
  return statuses;
}

function seconds(began: number): number {
  return (performance.now() - began) / 1000;
}
