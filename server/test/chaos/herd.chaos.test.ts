import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startPhotoServer } from "../support/photo-server.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

function createReaders(connections: number): Readers {
  const readers = new Readers(connections);
  onTestFinished(() => readers.close());
  return readers;
}

const encodesOf = async (pods: readonly Pod[]): Promise<number> =>
  (await Promise.all(pods.map((pod) => pod.metric("imgproxy_lite_encode_duration_seconds_count")))).reduce(
    (sum, count) => sum + count,
  );

test("500 readers of one new image at once cost one fetch and one encode, on two replicas at most two", async () => {
  const bucket = await startPhotoServer();
  const settings = {
    SOURCE: bucket.url,
    CACHE_DIR: await temporaryFolder(),
    GC_INTERVAL: "0",
    COLD_BUDGET: "1000000",
    QUEUE_LIMIT: "8",
  };
  const pods = [await startPod(settings), await startPod(settings)];
  const rounds = sized(20, 3);
  const readers = createReaders(500);
  const [one, two] = [new Tally(), new Tally()];
  const most = { fetches: 0, encodes: 0 };
  for (let round = 0; round < rounds; round++) {
    const herd = (key: string, at: (reader: number) => Pod | undefined, tally: Tally) =>
      readers.each(500, 500, (reader) =>
        readers.count(`${at(reader)?.url}?img=${key}.jpg&q=50&w=100&fm=jpg`, tally),
      );
    bucket.asked = 0;
    const before = await encodesOf(pods);
    await herd(`one-${round}`, () => pods[0], one);
    expect([bucket.asked, (await encodesOf(pods)) - before]).toEqual([1, 1]);
    await herd(`two-${round}`, (reader) => pods[reader % 2], two);
    most.fetches = Math.max(most.fetches, bucket.asked - 1);
    most.encodes = Math.max(most.encodes, (await encodesOf(pods)) - before - 1);
  }
  expect([[...one.statuses.keys()], [...two.statuses.keys()]]).toEqual([[200], [200]]);
  expect(most.fetches).toBeLessThanOrEqual(2);
  expect(most.encodes).toBeLessThanOrEqual(2);
  report("L2", `500 readers of one new image at once, ${rounds} times`, "1 fetch, 1 encode each; 100 % 200");
  report(
    "L3",
    `250 each at two replicas, ${rounds} times`,
    `${most.fetches} fetches and ${most.encodes} encodes at most; 100 % 200`,
  );
});

test("a bucket that is gone for minutes affects neither probes nor readers of cached variants", async () => {
  const bucket = await startPhotoServer();
  const folder = await temporaryFolder();
  const pod = await startPod({
    SOURCE: bucket.url,
    CACHE_DIR: folder,
    GC_INTERVAL: "1s",
    COLD_BUDGET: "1000000",
  });
  const readers = createReaders(20);
  const warm = `${pod.url}?img=warm.jpg&q=50&w=100&fm=jpg`;
  expect((await readers.ask(warm)).status).toBe(200);
  bucket.down = true;
  const [hits, misses, probes] = [new Tally(), new Tally(), new Tally()];
  const [requests, seconds] = [sized(10_000, 300), sized(300, 0)];
  const started = performance.now();
  await readers.each(requests, 10, async (at) => {
    // Spread over the whole time in which it is gone.
    await sleep(Math.max(0, started + (at * 1000 * seconds) / requests - performance.now()));
    await readers.count(warm, hits);
    if (at % 10 === 0) await readers.count(`${pod.url}?img=cold-${at}.jpg&q=50&w=100&fm=jpg`, misses);
    for (const probe of ["livez", "readyz"])
      if (at % 50 === 0) await readers.count(`${pod.adminUrl}${probe}`, probes);
  });
  expect(performance.now() - started).toBeGreaterThanOrEqual(seconds * 1000 * 0.99);
  expect([...hits.statuses.keys()]).toEqual([200]);
  expect([...probes.statuses.keys()]).toEqual([200]);
  expect([...misses.statuses.keys()].filter((status) => status !== 502 && status !== 503)).toEqual([]);
  bounded("hits while the bucket is gone, p99 in ms", hits.p99(200), 50);
  bounded("probes while the bucket is gone, p99 in ms", probes.p99(200), 50);
  report(
    "K1",
    `the bucket gone for ${seconds} s: ${requests} hits, ${misses.count(502) + misses.count(503)} misses`,
    `hits 100 % 200, p99 ${hits.p99(200)} ms; misses ${misses}; probes ${probes}, p99 ${probes.p99(200)} ms`,
  );
});
