import { readFileSync } from "node:fs";
import { link } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

test("ten times more new images than can be made are refused or made, while hits and probes continue", async () => {
  const folder = await temporaryFolder();
  // Of a camera's size: if the work were small, this process would need as much CPU for its requests as the server.
  await photo(4000, 3000).jpeg().toFile(join(folder, "0.jpg"));
  for (let copy = 1; copy < PHOTOGRAPHS; copy++)
    await link(join(folder, "0.jpg"), join(folder, `${copy}.jpg`));
  const pod = await startPod({
    SOURCE: folder,
    CACHE_DIR: join(folder, "cache"),
    GC_INTERVAL: "0",
    ENCODERS: "1",
    COLD_BUDGET: "1000000",
    QUEUE_LIMIT: "8",
  });
  const [cold, few] = [new Readers(500), new Readers(20)];
  onTestFinished(() => {
    cold.close();
    few.close();
  });
  let asked = 0;
  // Each variant is new, and each is the same work.
  const next = (): string => {
    const [one, rest] = [asked % PHOTOGRAPHS, Math.floor(asked / PHOTOGRAPHS)];
    asked++;
    return `${pod.url}?img=${one}.jpg&q=${1 + (rest % 100)}&w=${300 + Math.floor(rest / 100)}&fm=webp`;
  };
  const hit = `${pod.url}?img=0.jpg&q=50&w=200&fm=webp`;
  const [alone, idle] = [new Tally(), new Tally()];
  await few.count(hit, new Tally());
  for (let at = 0; at < 100; at++) await few.count(hit, idle);

  // Its capacity: two readers, each waiting for its image, so that the one encoder always has work.
  const measured = sized(20, 2);
  const end = performance.now() + measured * 1000;
  const reader = async (): Promise<void> => {
    while (performance.now() < end) await cold.count(next(), alone);
  };
  await Promise.all([reader(), reader()]);
  const capacity = alone.count(200) / measured;

  // And ten times that, whether answered or not.
  const [made, hits, probes] = [new Tally(), new Tally(), new Tally()];
  const open: Promise<void>[] = [];
  const every = (milliseconds: number, work: () => Promise<void>) =>
    setInterval(() => open.push(work()), milliseconds);
  // L1 asks for two minutes of it, K1 for five.
  const seconds = sized(300, 5);
  const perSecond = Math.max(20, 10 * capacity);
  const begun = performance.now();
  let sent = 0;
  const timers = [
    every(10, async () => {
      const due = ((performance.now() - begun) * perSecond) / 1000;
      while (sent < due) {
        sent++;
        open.push(cold.count(next(), made));
      }
    }),
    every(50, () => few.count(hit, hits)),
    every(100, () => few.count(new URL("livez", pod.adminUrl).href, probes)),
    every(100, () => few.count(new URL("readyz", pod.adminUrl).href, probes)),
  ];
  let memory = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1000);
    memory = Math.max(memory, residentMiB(pod.pid));
  }
  for (const timer of timers) clearInterval(timer);
  const over = performance.now();
  await Promise.all(open);
  expect([...hits.statuses.keys()]).toEqual([200]);
  expect([...probes.statuses.keys()]).toEqual([200]);
  expect([...made.statuses.keys()].sort()).toEqual([200, 503]);
  // And after the overload, the server recovers.
  while ((await few.ask(next())).status !== 200) await sleep(50);
  const recovered = (performance.now() - over) / 1000;
  const goodput = made.count(200) / seconds;
  bounded("share of the capacity lost", 1 - goodput / capacity, 0.1);
  bounded("refusals, p99 in ms", made.p99(503), 100);
  bounded("hits, p99 in ms", hits.p99(200), Math.max(20, 3 * idle.p99(200)));
  bounded("probes, p99 in ms", probes.p99(200), 50);
  bounded("seconds until a new image is made again", recovered, 5);
  report(
    "L1",
    `${perSecond.toFixed(0)} new images/s for ${seconds} s at an encoder that can make ${capacity.toFixed(1)}, 20 hits/s`,
    `${goodput.toFixed(1)} made a second, ${made.count(503)} refused within ${made.p99(503)} ms (p99), hits p99 ${hits.p99(200)} ms (idle ${idle.p99(200)}), probes p99 ${probes.p99(200)} ms, ${memory.toFixed(0)} MiB at most, over after ${recovered.toFixed(1)} s, 0 other answers`,
  );
});

const PHOTOGRAPHS = 50;

function residentMiB(pid: number): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 2 ** 20;
}
