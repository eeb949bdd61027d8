import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { report, sized } from "./chaos.ts";

function createReaders(connections: number): Readers {
  const readers = new Readers(connections);
  onTestFinished(() => readers.close());
  return readers;
}

/** The size of all files of the cache, including half-written ones and the cache's own notes. */
function sizeOf(folder: string): { bytes: number; files: number; largest: number } {
  const sum = { bytes: 0, files: 0, largest: 0 };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const stats = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    if (!stats?.isFile()) continue;
    sum.bytes += stats.size;
    sum.files++;
    sum.largest = Math.max(sum.largest, stats.size);
  }
  return sum;
}

test("two replicas that get requests for three times the cache's limit never exceed the limit", async () => {
  const folder = await temporaryFolder();
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  await mkdir(photos);
  const keys = sized(12, 4);
  for (let key = 0; key < keys; key++)
    await photo(1_000 + key, 750)
      .jpeg({ quality: 95 })
      .toFile(join(photos, `${key}.jpg`));
  const maxBytes = sized(64, 2) * 2 ** 20;
  const settings = {
    SOURCE: photos,
    CACHE_DIR: cache,
    CACHE_MAX_BYTES: String(maxBytes),
    GC_INTERVAL: "1s",
    HOT_CACHE_BYTES: "0",
    COLD_BUDGET: "1000000",
    QUEUE_LIMIT: "100",
    CACHE_MIN_FREE: "0",
  };
  const pods = [await startPod(settings), await startPod(settings)];
  const readers = createReaders(16);
  const tally = new Tally();
  let [sent, worst, samples] = [0, 0, 0];
  const sampling = setInterval(
    () => {
      const { bytes, largest } = sizeOf(cache);
      // In flight: each replica writes one file at a time.
      worst = Math.max(worst, bytes - pods.length * largest);
      samples++;
    },
    sized(1_000, 100),
  );
  onTestFinished(() => clearInterval(sampling));
  const variants = 90 * keys * 20;
  await readers.each(variants, 16, async (at) => {
    if (sent > 3 * maxBytes) return;
    const query = `img=${at % keys}.jpg&q=${100 - (Math.floor(at / keys) % 90)}&w=${990 - (at % 20)}&fm=jpg`;
    const { status, body } = await readers.askPatiently(`${pods[at % 2]?.url}?${query}`);
    tally.add(status, 0);
    sent += body.length;
  });
  clearInterval(sampling);
  expect(sent).toBeGreaterThan(3 * maxBytes);
  expect([...tally.statuses.keys()]).toEqual([200]);
  expect(samples).toBeGreaterThan(1);
  expect(worst).toBeLessThanOrEqual(1.01 * maxBytes);
  const left = sizeOf(cache);
  expect(left.bytes).toBeGreaterThan(0.7 * maxBytes);
  report(
    "C9",
    `2 replicas on one cache of ${maxBytes / 2 ** 20} MiB asked for ${Math.round(sent / 2 ** 20)} MiB of new images`,
    `${tally}; at most ${((100 * worst) / maxBytes).toFixed(1)} % on disk in ${samples} looks`,
  );
});

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  console.log("skipped: readers of a server whose volume is full; that needs root, to mount a tmpfs");

test.skipIf(!isRoot && process.env.CI !== "true")("a full volume does not affect readers", async () => {
  const folder = await temporaryFolder();
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  for (const each of [photos, cache]) await mkdir(each);
  await photo(1_000, 750).jpeg().toFile(join(photos, "worms.jpg"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", cache]);
  onTestFinished(() => void execFileSync("umount", ["-l", cache]));
  const pod = await startPod({
    SOURCE: photos,
    CACHE_DIR: cache,
    CACHE_MIN_FREE: "0",
    GC_INTERVAL: "1s",
    COLD_BUDGET: "1000000",
    QUEUE_LIMIT: "100",
    HOT_CACHE_BYTES: "0",
  });
  const readers = createReaders(8);
  const tally = new Tally();
  const requests = sized(1_000, 50);
  let sent = 0;
  await readers.each(requests, 8, async (at) => {
    const query = `img=worms.jpg&q=${50 + (at % 50)}&w=${900 + Math.floor(at / 50)}&fm=jpg`;
    const { status, body } = await readers.askPatiently(`${pod.url}?${query}`);
    expect((await sharp(body).metadata()).width).toBe(900 + Math.floor(at / 50));
    tally.add(status, 0);
    sent += body.length;
  });
  expect([...tally.statuses.keys()]).toEqual([200]);
  expect(sent).toBeGreaterThan(2 ** 21);
  expect(await pod.metric("imgproxy_lite_cache_failures_total", "full")).toBeGreaterThan(0);
  report("C3", `${requests} new images of a server whose cache is 1 MiB of tmpfs`, `${tally}`);
});

test("a client that enumerates the variants of one photograph costs others nothing, and uses only a share of the disk", async () => {
  const folder = await temporaryFolder();
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  await mkdir(photos);
  for (const name of ["worms.jpg", "boats.jpg"])
    await writeFile(join(photos, name), await photo(64, 48).jpeg().toBuffer());
  const mostVariants = sized(1_000, 50);
  const pod = await startPod({
    SOURCE: photos,
    CACHE_DIR: cache,
    GC_INTERVAL: "0",
    COLD_BUDGET: String(mostVariants),
    MAX_VARIANTS: String(mostVariants),
    HOT_CACHE_BYTES: "1MiB",
  });
  const readers = createReaders(16);
  const other = `${pod.url}?img=boats.jpg&q=50&w=32&fm=jpg`;
  const [idle, flood, hits] = [new Tally(), new Tally(), new Tally()];
  for (let at = 0; at < 200; at++) await readers.count(other, idle);
  const urls = sized(100_000, 1_500);
  const started = performance.now();
  await readers.each(urls, 12, async (at) => {
    const query = `img=worms.jpg&q=${1 + (at % 100)}&w=${1 + Math.floor(at / 100)}&fm=jpg`;
    await readers.count(`${pod.url}?${query}`, flood);
    if (at % 20 === 0) await readers.count(other, hits);
  });
  const minutes = (performance.now() - started) / 60_000;
  expect([...flood.statuses.keys()].filter((status) => ![200, 429, 503].includes(Number(status)))).toEqual(
    [],
  );
  expect([...hits.statuses.keys()]).toEqual([200]);
  const encodes = await pod.metric("imgproxy_lite_encode_duration_seconds_count");
  // A burst, and then a rate.
  expect(encodes).toBeLessThanOrEqual(mostVariants * (1 + minutes) + 20);
  const { files } = sizeOf(join(cache, "v1"));
  expect(files).toBeLessThanOrEqual(mostVariants + 20);
  report(
    "S9",
    `${urls.toLocaleString("en-GB")} URLs of one photograph, while another is read ${hits.count(200)} times`,
    `${encodes} encodes, ${files} files; ${flood}; the other: 100 % 200, p99 ${hits.p99(200)} ms (idle ${idle.p99(200)} ms)`,
  );
});
