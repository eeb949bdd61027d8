import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { report, sized } from "./chaos.ts";
import { photo } from "./pictures.ts";
import { startPod } from "./pod.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
  await writeFile(join(folder, "worms.jpg"), await photo(1600, 1200).jpeg().toBuffer());
});
afterAll(() => rm(folder, { recursive: true }));

/** Answers of one kind of reader: how many by status, and how long each took. */
interface Tally {
  readonly statuses: Map<number | string, number>;
  readonly milliseconds: Map<number | string, number[]>;
}

const createTally = (): Tally => ({ statuses: new Map(), milliseconds: new Map() });

async function ask(url: string, tally: Tally, accept = "image/avif"): Promise<void> {
  const started = performance.now();
  const status = await fetch(url, { headers: { accept } }).then(
    async (response) => {
      await response.arrayBuffer();
      // A refusal says when to come back.
      return response.status === 503 && response.headers.get("retry-after") === null
        ? "503 without Retry-After"
        : response.status;
    },
    (error: unknown) => String(error),
  );
  tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  tally.milliseconds.set(status, [...(tally.milliseconds.get(status) ?? []), performance.now() - started]);
}

/** The slowest of a hundred, for the table; no test depends on it. */
function p99(tally: Tally, status: number): string {
  const sorted = [...(tally.milliseconds.get(status) ?? [])].sort((a, b) => a - b);
  return `${Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0)} ms`;
}

test("ten times more new images than can be made are refused or made, while hits and probes go on", async () => {
  const pod = await startPod({
    ...{
      SOURCE: folder,
      CACHE_DIR: join(folder, "cache"),
      COLD_BUDGET: "1000000",
      QUEUE_LIMIT: "8",
      ENCODERS: "1",
    },
  });
  const version: unknown = await (await fetch(`${pod.url}?img=worms.jpg&fm=json`)).json();
  const v = typeof version === "object" && version !== null && "version" in version ? version.version : "";
  const hit = `${pod.url}?img=worms.jpg&q=50&v=${v}&w=400`;
  const [cold, hits, probes] = [createTally(), createTally(), createTally()];
  await ask(hit, createTally());
  const asked: Promise<void>[] = [];
  let n = 0;
  const every = (milliseconds: number, work: () => Promise<void>) =>
    setInterval(() => asked.push(work()), milliseconds);
  const timers = [
    every(20, () => ask(`${pod.url}?img=worms.jpg&q=${1 + (n % 100)}&w=${400 - (n++ % 300)}`, cold)),
    every(50, () => ask(hit, hits)),
    every(100, () => ask(new URL("livez", pod.adminUrl).href, probes)),
    every(100, () => ask(new URL("readyz", pod.adminUrl).href, probes)),
  ];
  const seconds = sized(120, 5);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const timer of timers) clearInterval(timer);
  await Promise.all(asked);
  expect([...hits.statuses.keys()]).toEqual([200]);
  expect([...probes.statuses.keys()]).toEqual([200]);
  expect([...cold.statuses.keys()].sort()).toEqual([200, 503]);
  // And when it is over, it is over.
  const after = createTally();
  await expect
    .poll(async () => (await fetch(`${pod.url}?img=worms.jpg&q=5&w=123`)).status, { timeout: 20_000 })
    .toBe(200);
  await ask(hit, after);
  expect([...after.statuses.keys()]).toEqual([200]);
  report(
    "L1",
    `50 new images/s for ${seconds} s at one encoder, 20 hits/s`,
    `${cold.statuses.get(200)} made, ${cold.statuses.get(503)} refused within ${p99(cold, 503)} (p99), hits p99 ${p99(hits, 200)}, probes p99 ${p99(probes, 200)}, 0 other answers`,
  );
});
