import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

const MIB = 2 ** 20;
const authorization = "Bearer the-token-of-the-test";
const watch = fileURLToPath(new URL("../support/watch-loop.mjs", import.meta.url));

test("two replicas read a publish of 100,000 photographs while they answer hits, and it delays neither", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "photos"));
  await writeFile(join(folder, "photos", "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
  const start = (name: string): Promise<Pod> =>
    startPod({
      SOURCE: join(folder, "photos"),
      CACHE_DIR: join(folder, "cache"),
      GC_INTERVAL: "0",
      TOKEN: "the-token-of-the-test",
      VARIANTS: "listed",
      NODE_OPTIONS: `--import=${watch}`,
      LOOP_FILE: join(folder, name),
    });
  const pods = [await start("loop-0"), await start("loop-1")];
  const photographs = sized(99_999, 3_000);
  const hit = "?img=worms.jpg&q=33&w=32";
  const readers = new Readers(4);
  for (const pod of pods) {
    // A heap as large as hits need.
    for (let n = 0; n < sized(20_000, 10); n++) await readers.ask(`${pod.url}${hit}`);
    process.kill(pod.pid, "SIGUSR2");
  }
  const before = pods.map(({ pid }) => memoryOf(pid, "VmRSS"));

  const tally = new Tally();
  let isDone = false;
  const reading = pods.flatMap((pod) =>
    [1, 2].map(async () => {
      while (!isDone) {
        const began = performance.now();
        const { status, body } = await readers.ask(`${pod.url}${hit}`);
        tally.add(status === 200 ? status : body.toString(), performance.now() - began);
      }
    }),
  );
  const sent = { bytes: 0 };
  const [first, second] = pods;
  if (first === undefined || second === undefined) throw new Error("there are two");
  const put = await fetch(`${first.url}api/published/blog/one`, {
    method: "PUT",
    headers: { authorization },
    body: ReadableStream.from(bodyOf(photographs, sent)),
    duplex: "half",
  });
  const text = await put.text();
  expect([put.status, text]).toEqual([204, ""]);
  const last = photographs - 1;
  const statusesOf = async ({ url }: Pod) => {
    const asked = [
      ...queriesOf(last).slice(0, 1),
      ...queriesOf(photographs).slice(0, 1),
      "img=worms.jpg&q=33&w=32",
    ];
    return Promise.all(asked.map(async (query) => (await readers.ask(`${url}?${query}`)).status));
  };
  // Listed and absent; not listed; listed and there.
  const refused = await fetch(`${first.url}?${queriesOf(photographs)[0]}`);
  expect(await refused.json()).toMatchObject({ code: "not-published" });
  for (const pod of pods) await expect.poll(() => statusesOf(pod)).toEqual([404, 404, 200]);
  for (const pod of pods)
    await expect
      .poll(async () => (await (await fetch(`${pod.url}?${queriesOf(last)[0]}`)).json()) as unknown)
      .toMatchObject({ code: "source-absent" });
  isDone = true;
  await Promise.all(reading);
  for (const { pid } of pods) process.kill(pid, "SIGUSR2");
  readers.close();

  // In the form that the last release reads.
  const file = JSON.parse(await readFile(join(folder, "cache", "published", "blog", "one.json"), "utf8"));
  expect(Object.keys(file).sort()).toEqual(["images", "made", "pins"]);
  expect([Object.keys(file.images).length, file.pins.length]).toEqual([
    photographs + 1,
    (photographs * WIDTHS.length + 1) * 4,
  ]);
  expect(file.images[keyOf(last)]).toEqual(queriesOf(last));
  expect(await readdir(join(folder, "cache", "published", "blog"))).toEqual(["one.json"]);
  const got = await fetch(`${second.url}api/published/blog/one`, { headers: { authorization } });
  expect(await got.json()).toEqual({ images: file.images });

  expect([...tally.statuses.keys()]).toEqual([200]);
  const grown = pods.map(({ pid }, at) => (memoryOf(pid, "VmHWM") - (before[at] ?? 0)) / MIB);
  const measured = (at: number) => JSON.parse(readFileSync(join(folder, `loop-${at}`), "utf8"));
  for (const at of [0, 1]) await expect.poll(() => measured(at)).toBeDefined();
  const loops = [measured(0), measured(1)];
  const most = (name: "wall" | "cpu") => Math.ceil(Math.max(...loops.map((loop) => loop[name])));
  // CPU time of the event loop's thread only: other work of the machine does not block it.
  bounded("CPU between two turns of the event loop, ms", most("cpu"), 50);
  bounded("memory, MiB", Math.max(...grown), 256);
  report(
    "P1",
    `${photographs + 1} photographs published, ${Math.round(sent.bytes / MIB)} MiB, 2 replicas`,
    `${tally}, p99 ${tally.p99(200)} ms; no block above ${most("wall")} ms (${most("cpu")} ms of CPU), +${Math.ceil(Math.max(...grown))} MiB`,
  );
});

// --- a set ---

const WIDTHS = [400, 800, 1200, 1600, 2000, 2400, 3000, 3840];

function keyOf(index: number): string {
  return `trips/2026/summer/photograph-${String(index).padStart(6, "0")}.jpg`;
}

/** In canonical form. */
function queriesOf(index: number): string[] {
  return WIDTHS.map((width) => `img=${encodeURIComponent(keyOf(index))}&q=60&w=${width}`);
}

/** The body that a scan sends, without all of it in memory at the same time. */
async function* bodyOf(photographs: number, sent: { bytes: number }): AsyncGenerator<Uint8Array> {
  let text = '{"images":{"worms.jpg":["img=worms.jpg&q=33&w=32"]';
  for (let index = 0; index <= photographs; index++) {
    const isEnd = index === photographs;
    text += isEnd ? "}}" : `,${JSON.stringify(keyOf(index))}:${JSON.stringify(queriesOf(index))}`;
    if (!isEnd && index % 100 > 0) continue;
    sent.bytes += text.length;
    yield Buffer.from(text);
    text = "";
  }
}

/** Bytes. */
function memoryOf(pid: number, name: "VmRSS" | "VmHWM"): number {
  const line = new RegExp(`^${name}:\\s*([0-9]+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}
