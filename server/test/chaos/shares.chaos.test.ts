import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, get } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { isFull, report, sized } from "./chaos.ts";

// Addresses of one greedy client and of other readers: Linux answers on all of 127.0.0.0/8.
const GREEDY = "127.0.0.2";
const READER = "127.0.0.3";

/** New images that other readers request, and the number that they must get. */
const IMAGES = sized(45, 18);
const FEWEST = Math.floor((IMAGES * 40) / 45);

let folder: string;
const ending: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder((end) => ending.push(end));
  await mkdir(join(folder, "photos"));
  const small = await photo(640, 480).jpeg().toBuffer();
  for (let n = 0; n < IMAGES; n++) await writeFile(join(folder, "photos", `${n}.jpg`), small);
  await photo(4_000, 3_000).jpeg({ quality: 90 }).toFile(join(folder, "photos/slow.jpg"));
  // More than the buffers of a connection can hold.
  await writeFile(join(folder, "photos/large.jpg"), Buffer.concat([small, Buffer.alloc(48 * 2 ** 20)]));
});
afterAll(async () => {
  for (const end of ending.reverse()) await end();
});

function start(
  settings: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
): Promise<Pod> {
  const own = {
    SOURCE: join(folder, "photos"),
    CACHE_DIR: join(folder, `cache-${Math.random()}`),
    GC_INTERVAL: "0",
    COLD_BUDGET: "1000000",
    ENCODERS: "2",
  };
  return startPod({ ...own, ...settings }, undefined, undefined, within);
}

function readersFrom(address: string, connections: number): Readers {
  const readers = new Readers(connections, address);
  onTestFinished(() => readers.close());
  return readers;
}

/** Requests like one page of a reader: each image once, six in parallel. */
async function readPage(pod: Pod, query: (at: number) => string, readers: Readers): Promise<Tally> {
  const tally = new Tally();
  await readers.each(IMAGES, 6, (at) => readers.count(`${pod.url}?${query(at)}`, tally));
  return tally;
}

const newImage = (at: number): string => `img=${at}.jpg&q=60&w=300&fm=webp`;

test("six connections that request slow images leave other readers their images", async () => {
  // At the small size only the order is checked: the machine can be busy with other tests.
  const pod = await start(isFull() ? {} : { ENCODE_TIMEOUT: "5m", QUEUE_TIMEOUT: "5m" });
  const greedy = readersFrom(GREEDY, 6);
  const [slow, stopping] = [new Tally(), { now: false }];
  let asked = 0;
  const attack = Array.from({ length: 6 }, async () => {
    while (!stopping.now)
      await greedy.count(`${pod.url}?img=slow.jpg&q=90&w=${2_400 - asked++}&fm=avif`, slow);
  });
  await expect.poll(() => pod.metric("imgproxy_lite_encoding_jobs", 'lane="live"')).toBe(2);
  const tally = await readPage(pod, newImage, readersFrom(READER, 6));
  const slowMade = slow.count(200);
  stopping.now = true;
  greedy.close();
  await Promise.all(attack);
  expect(tally.count(200), `${tally}`).toBeGreaterThanOrEqual(FEWEST);
  // If only turns counted, they would have got the same number.
  expect(slowMade, `${slow}`).toBeLessThan(IMAGES / 2);
  report("F1", `six connections ask for slow AVIFs, others for ${IMAGES} new images`, `others: ${tally}`);
});

test("forty slow downloads leave other readers their originals and new images", async () => {
  const pod = await start(isFull() ? {} : { QUEUE_TIMEOUT: "5m" });
  const port = Number(new URL(pod.url).port);
  const downloads = await Promise.all(
    Array.from({ length: 40 }, () => open(port, GREEDY, "GET /?img=large.jpg HTTP/1.1\r\nHost: x\r\n\r\n")),
  );
  // The additional one is the check at the start.
  await expect.poll(() => pod.metric("imgproxy_lite_source_requests_total")).toBeGreaterThanOrEqual(32);
  const readers = readersFrom(READER, 6);
  const originals = await readPage(pod, (at) => `img=${at}.jpg`, readers);
  const images = await readPage(pod, newImage, readers);
  expect(downloads.filter(({ destroyed }) => !destroyed).length).toBeGreaterThanOrEqual(32);
  expect(originals.count(200), `${originals}`).toBeGreaterThanOrEqual(FEWEST);
  expect(images.count(200), `${images}`).toBeGreaterThanOrEqual(FEWEST);
  report(
    "F2",
    `40 downloads that do not read, others ask for ${IMAGES} originals and as many new images`,
    `originals: ${originals}; images: ${images}`,
  );
});

test("two hundred HEADs to a source that answers slowly leave other readers theirs", async () => {
  const held: (() => void)[] = [];
  let isHeld = true;
  const body = await photo(64, 48).jpeg().toBuffer();
  const source = createServer((request, response) => {
    const answer = (): void =>
      void response.writeHead(200, { "content-length": body.byteLength, etag: '"x"' }).end(body);
    if (isHeld && request.method === "HEAD" && request.url?.startsWith("/greedy")) held.push(answer);
    else answer();
  }).listen(0, "127.0.0.1");
  await once(source, "listening");
  onTestFinished(() => {
    source.closeAllConnections();
    source.close();
  });
  const pod = await start({
    SOURCE: `http://127.0.0.1:${(source.address() as AddressInfo).port}/`,
    QUEUE_TIMEOUT: "5m",
    SOURCE_TIMEOUT: "5m",
  });
  const port = Number(new URL(pod.url).port);
  for (let at = 0; at < 200; at++)
    await open(port, GREEDY, `HEAD /?img=greedy-${at}.jpg HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expect.poll(() => held.length).toBeGreaterThanOrEqual(32);
  const readers = readersFrom(READER, 6);
  const images = await readPage(pod, newImage, readers);
  const originals = await readPage(pod, (at) => `img=${at}.jpg`, readers);
  expect(held.length).toBeLessThanOrEqual(40);
  isHeld = false;
  for (const answer of held) answer();
  expect(images.count(200), `${images}`).toBeGreaterThanOrEqual(FEWEST);
  expect(originals.count(200), `${originals}`).toBeGreaterThanOrEqual(FEWEST);
  report(
    "F4",
    `200 HEADs that the source does not answer, others ask for ${IMAGES} images and originals`,
    `images: ${images}; originals: ${originals}`,
  );
});

test("as many idle connections as the limit lock nobody out", async () => {
  // The number of open connections is limited by the descriptors.
  const idle = sized(4_096, 200);
  const pod = await start({}, idle === 200 ? ["prlimit", "--nofile=400"] : []);
  const port = Number(new URL(pod.url).port);
  const kinds = ["", "GET / HTTP/1.1\r\nX-A: ", "GET /?img=0.jpg&q=1 HTTP/1.1\r\nHost: x\r\n\r\n"];
  for (let at = 0; at < idle; at++) (await open(port, GREEDY, kinds[at % 3] ?? "")).resume();
  const tally = new Tally();
  for (let at = 0; at < IMAGES; at++) {
    // Each on its own connection.
    const reader = new Readers(1, READER);
    await reader.count(`${pod.url}?${newImage(at)}`, tally);
    reader.close();
  }
  expect(tally.count(200), `${tally}`).toBeGreaterThanOrEqual(FEWEST);
  await expect.poll(() => pod.log()).toContain("connections run short");
  report("F3", `${idle} idle connections, others ask for ${IMAGES} new images`, `others: ${tally}`);
});

test("the budget is charged by work: a slow image costs as much as many small ones, also when its reader has left", async () => {
  const pod = await start({ COLD_BUDGET: "4", TRUSTED_PROXIES: "127.0.0.1", ENCODE_TIMEOUT: "5m" });
  const readers = readersFrom("127.0.0.1", 6);
  // A proxy that writes ports writes another port for each connection.
  let port = 1_000;
  const ask = async (query: string, client: string): Promise<number> =>
    (await readers.ask(`${pod.url}?${query}`, { "x-forwarded-for": `${client}:${port++}` })).status;
  const idle = () => expect.poll(() => pod.metric("imgproxy_lite_encoding_jobs", 'lane="live"')).toBe(0);
  expect(await ask("img=slow.jpg&q=80&w=2000&fm=avif", "198.51.100.1")).toBe(200);
  await idle();
  expect(await ask(newImage(0), "198.51.100.1")).toBe(429);
  expect(await ask(newImage(0), "198.51.100.2")).toBe(200);

  const headers = { "x-forwarded-for": "198.51.100.3" };
  const before = childrenCpuMs(pod.pid);
  const left = get(`${pod.url}?img=slow.jpg&q=81&w=3000&fm=avif`, { headers }).on("error", () => undefined);
  await expect.poll(() => childrenCpuMs(pod.pid) - before, { interval: 20 }).toBeGreaterThan(600);
  left.destroy();
  await idle();
  expect(await ask(newImage(1), "198.51.100.3")).toBe(429);
  expect(await pod.logged()).not.toContain("TRUSTED_PROXIES");
});

test("a server behind a proxy that TRUSTED_PROXIES does not name logs this once", async () => {
  const pod = await start();
  const readers = readersFrom("127.0.0.1", 1);
  for (const at of [0, 1, 2])
    expect(
      (await readers.ask(`${pod.url}?${newImage(at)}`, { "x-forwarded-for": `198.51.100.${at}` })).status,
    ).toBe(200);
  const told = (): number => pod.log().split("TRUSTED_PROXIES is empty").length - 1;
  await expect.poll(told).toBeGreaterThan(0);
  await pod.stop();
  expect(told()).toBe(1);
});

/** CPU time that a server's running encoders have used. */
function childrenCpuMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ");
  const fields = children.map((child) =>
    readFileSync(`/proc/${child}/stat`, "latin1").split(") ")[1]?.split(" "),
  );
  return fields.reduce((sum, stat) => sum + 10 * (Number(stat?.[11]) + Number(stat?.[12])), 0);
}

/** A connection that has sent this, and reads nothing until it is resumed. */
function open(port: number, localAddress: string, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress }, () => {
      socket.write(text);
      resolve(socket.off("error", reject).on("error", () => undefined));
    });
    socket.once("error", reject).pause();
    onTestFinished(() => void socket.destroy());
  });
}
