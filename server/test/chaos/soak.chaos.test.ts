import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startPhotoServer } from "../support/photo-server.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

const MIB = 2 ** 20;

/** Resident MiB of a process, and of it and its children together. */
function memoryOf(pid: number): { server: number; all: number } {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  const server = residentOf(String(pid));
  return { server, all: server + children.reduce((sum, child) => sum + residentOf(child), 0) };
}

function residentOf(pid: string): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / MIB;
  } catch {
    // An encoder that has just been recycled.
    return 0;
  }
}

/** The memory that each piece of work leaks: the minimum of the last quarter, compared with that of the second. */
function slope(samples: readonly number[], pieces: number): number {
  const quarter = (at: number) => samples.slice((samples.length * at) / 4, (samples.length * (at + 1)) / 4);
  return (Math.min(...quarter(3)) - Math.min(...quarter(1))) / (pieces / 2);
}

async function startSoaked(settings: Readonly<Record<string, string>>): Promise<Pod> {
  const { url } = await startPhotoServer(200, 150);
  return startPod({
    SOURCE: url,
    CACHE_DIR: await temporaryFolder(),
    COLD_BUDGET: "10000000",
    QUEUE_LIMIT: "100",
    ...settings,
  });
}

test("a server's memory does not grow over many encodes", async () => {
  const pod = await startSoaked({ MAX_VARIANTS: "20", HOT_CACHE_BYTES: "4MiB", GC_INTERVAL: "10s" });
  const readers = new Readers(4);
  onTestFinished(() => readers.close());
  const encodes = sized(50_000, 100);
  const samples: { server: number; all: number }[] = [];
  const tally = new Tally();
  await readers.each(encodes, 4, async (at) => {
    const format = ["jpg", "webp", "jpg", "webp", "avif"][at % 5];
    // 50 photographs, each at 1,000 sizes and qualities.
    const [key, n] = [at % 50, Math.floor(at / 50)];
    const query = `img=${key}.jpg&q=${40 + (n % 25)}&w=${24 + Math.floor(n / 25)}&fm=${format}`;
    const { status } = await readers.askPatiently(`${pod.url}?${query}`);
    tally.add(status, 0);
    if (at % Math.ceil(encodes / 80) === 0) samples.push(memoryOf(pod.pid));
  });
  expect([...tally.statuses.keys()]).toEqual([200]);
  expect(await pod.metric("imgproxy_lite_encode_duration_seconds_count")).toBeGreaterThanOrEqual(encodes);
  expect(await pod.metric("imgproxy_lite_encode_failures_total")).toBe(0);
  const [server, all] = (["server", "all"] as const).map((of) =>
    slope(
      samples.map((sample) => sample[of]),
      encodes / 1_000,
    ),
  );
  bounded("MiB that 1,000 encodes leave in the server", server ?? 0, 1);
  bounded("MiB that 1,000 encodes leave in it and its encoders", all ?? 0, 1);
  const most = Math.max(...samples.map((sample) => sample.all));
  report(
    "L6",
    `${encodes.toLocaleString("en-GB")} encodes by a server`,
    `${most.toFixed(0)} MiB at most with its encoders; ${server?.toFixed(2)} MiB per 1,000 in the server, ${all?.toFixed(2)} in all`,
  );
});

test("a server's memory does not grow over many hits", async () => {
  const pod = await startSoaked({ GC_INTERVAL: "0" });
  const readers = new Readers(4);
  onTestFinished(() => readers.close());
  const target = (key: number) => `/?img=${key}.jpg&q=50&w=48&fm=jpg`;
  for (let key = 0; key < 50; key++)
    expect((await readers.askPatiently(new URL(target(key), pod.url).href)).status).toBe(200);
  const rounds = 40;
  // One million requests end before the heap has reached its size.
  const hits = sized(10_000_000, 4_000);
  const samples: number[] = [];
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      [0, 1, 2, 3].map((line) => pipeline(pod, hits / rounds / 4, (at) => target((at + line) % 50))),
    );
    samples.push(memoryOf(pod.pid).server);
  }
  const perSecond = hits / ((performance.now() - started) / 1000);
  const left = slope(samples, hits / 1e6);
  bounded("MiB that a million hits leave", left, 1);
  report(
    "L6",
    `${hits.toLocaleString("en-GB")} hits, ${Math.round(perSecond).toLocaleString("en-GB")} a second`,
    `${Math.max(...samples).toFixed(0)} MiB at most, ${left.toFixed(2)} MiB per million`,
  );
});

const MARK = "HTTP/1.1 200 ";

/** Sends this number of requests over one connection, 32 ahead of the answers; resolves when each answer was a 200. */
function pipeline(pod: Pod, count: number, target: (at: number) => string): Promise<void> {
  const { port } = new URL(pod.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    let [sent, answered] = [0, 0];
    const send = (): void => {
      let text = "";
      for (; sent < count && sent - answered < 32; sent++)
        text += `GET ${target(sent)} HTTP/1.1\r\nHost: x\r\n\r\n`;
      if (text !== "") socket.write(text);
    };
    // Too short to hold a mark, long enough for one that the end of a chunk cuts.
    let rest = "";
    socket.on("data", (chunk) => {
      const text = rest + chunk.toString("latin1");
      answered += text.split(MARK).length - 1;
      rest = text.slice(1 - MARK.length);
      if (answered >= count) {
        socket.destroy();
        resolve();
      } else send();
    });
    socket.on("error", reject).on("close", () => reject(new Error("the server hung up")));
    send();
  });
}
