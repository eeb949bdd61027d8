import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { parseEntry } from "../cache/entry.ts";
import { loadConfig } from "../config/load.ts";
import { type Running, start } from "../start.ts";
import { createLog } from "../telemetry/log.ts";
import { photo } from "./support/pictures.ts";
import { forTests } from "./support/pod.ts";

let folder: string;
const running: Running[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-look-"));
  await writeFile(join(folder, "worms.jpg"), await photo(160, 120).jpeg().toBuffer());
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(folder, { recursive: true });
});

/** A server of a release with this LOOK, on the one volume of the test. */
async function release(look: number, settings: Readonly<Record<string, string>> = {}) {
  const { config } = loadConfig("serve", [], {
    ...{ ...forTests, SOURCE: folder, CACHE_DIR: join(folder, "cache") },
    ...{ GC_INTERVAL: "0", ENCODERS: "1", WARM_ENCODERS: "1", TOKEN, ...settings },
  });
  const log = createLog({ level: "silent", destination: { write: () => undefined } });
  const server = await start(config, log, "test", { look });
  running.push(server);
  const get = async (query: string) => {
    const answer = await fetch(`${server.url}?${query}`);
    await answer.arrayBuffer();
    const cache = /hit|fwd=miss|fwd=stale/.exec(answer.headers.get("cache-status") ?? "")?.[0];
    return { status: answer.status, cache, control: answer.headers.get("cache-control") };
  };
  return { ...server, get };
}

const TOKEN = "a-token-that-is-long-enough-for-this";
const small = "img=worms.jpg&w=80&q=50&fm=jpg";

/** LOOK of the variants on disk, by file name. */
async function looksOnDisk(): Promise<Readonly<Record<string, number | undefined>>> {
  const paths = await readdir(join(folder, "cache", "v1"), { recursive: true });
  const variants = paths.filter((path) => /\.\d+\.\d+\.[a-z-]+$/.test(path));
  const read = async (path: string) => {
    const name = basename(path);
    return [name, parseEntry(name, await readFile(join(folder, "cache", "v1", path)))?.meta.look] as const;
  };
  return Object.fromEntries(await Promise.all(variants.map(read)));
}

test("entries of an older look are made again under the same name, and their records too", async () => {
  const before = await release(1);
  expect(await before.get(small)).toMatchObject({ cache: "fwd=miss" });
  expect(await before.get("img=worms.jpg&fm=json")).toMatchObject({ cache: "fwd=miss" });
  await expect.poll(async () => Object.values(await looksOnDisk())).toEqual([1]);
  const [name = ""] = Object.keys(await looksOnDisk());
  const after = await release(2);
  expect(await after.get(small)).toMatchObject({ cache: "fwd=miss" });
  // An encoder is free a moment after its image is out.
  await expect.poll(() => liveJobs(after.adminUrl)).toBe(0);
  expect(await after.get("img=worms.jpg&fm=json")).toMatchObject({ cache: "fwd=miss" });
  await expect.poll(looksOnDisk).toEqual({ [name]: 2 });
  expect(await after.get(small)).toMatchObject({ cache: "hit" });
  await expect.poll(() => after.get("img=worms.jpg&fm=json")).toMatchObject({ cache: "hit" });
  // Both releases go on with what there is: the older one takes it for its own.
  const old = await release(1);
  for (const server of [old, after, before, after])
    expect(await server.get(small)).toMatchObject({ status: 200, cache: "hit" });
  expect(await looksOnDisk()).toEqual({ [name]: 2 });
});

test("while encoders are busy, readers get the older look for a minute, and the new one is made meanwhile", async () => {
  const before = await release(1);
  await before.get(small);
  await expect.poll(async () => Object.values(await looksOnDisk())).toEqual([1]);
  const after = await release(2, { ENCODE_TIMEOUT: "10m" });
  // An image that is never finished before the others were asked for, however busy this machine is.
  const encoders = children();
  signal(encoders, "SIGSTOP");
  onTestFinished(() => signal(encoders, "SIGCONT"));
  const slow = after.get("img=worms.jpg&q=90&fm=jpg");
  await expect.poll(() => liveJobs(after.adminUrl)).toBe(1);
  const [stale, again] = [await after.get(small), await after.get(small)];
  signal(encoders, "SIGCONT");
  expect([stale, again].map(({ cache }) => cache)).toEqual(["hit", "hit"]);
  expect(stale).toMatchObject({ status: 200, control: "public, max-age=60" });
  expect((await slow).status).toBe(200);
  await expect.poll(async () => Object.values(await looksOnDisk())).toContain(2);
  await expect.poll(() => after.get(small)).toMatchObject({ cache: "hit", control: "no-cache" });
});

test("a client over its budget gets the older look", async () => {
  const before = await release(1);
  await before.get(small);
  await expect.poll(async () => Object.values(await looksOnDisk())).toEqual([1]);
  const after = await release(2, { COLD_BUDGET: "1" });
  expect(await after.get("img=worms.jpg&w=80&q=51&fm=jpg")).toMatchObject({ cache: "fwd=miss" });
  expect(await after.get(small)).toMatchObject({ status: 200, control: "public, max-age=60" });
});

test("a publish finds variants of an older look missing, and warms them", async () => {
  const before = await release(1);
  await before.get(small);
  await expect.poll(async () => Object.values(await looksOnDisk())).toEqual([1]);
  const images = [{ img: "worms.jpg", variants: [{ w: 80, q: 50, fm: "jpg" }] }];
  const missing = async (server: Running): Promise<unknown> => {
    const answer = await fetch(`${server.url}api/missing`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      // A reader's image is good enough, if its look is.
      body: JSON.stringify({ images, effort: 0 }),
    });
    return answer.json();
  };
  expect(await missing(before)).toEqual({ images: [] });
  expect(await missing(await release(2))).toEqual({ images });
});

/** Jobs that readers wait for, at work now. */
async function liveJobs(adminUrl: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}metrics`)).text();
  return Number(/^imgproxy_lite_encoding_jobs\{lane="live"\} (\d+)/m.exec(text)?.[1]);
}

/** Of this process: the encoders of its servers. */
function children(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === process.pid);
}

/** proc(5), field 4. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It has ended.
    return undefined;
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch {
      // It has ended.
    }
}
