import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { createDiskCache } from "../cache/disk.ts";
import { createRateLimiter } from "../concurrency/token-bucket.ts";
import { Quarantine } from "../encode/pool/quarantine.ts";
import { Problem } from "../errors.ts";
import { remotePolicy } from "../http/freshness.ts";
import { openPublished } from "../published/published.ts";
import { put } from "../published/test/sets.ts";
import { retrySource } from "../source/remote/retry-breaker.ts";
import { photo } from "./support/pictures.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { createWorld, type World } from "./support/world.ts";

// The machine's clock is set while the server runs: by an hour (a wrong time zone), or by a month (a dead battery).

const HOUR = 3_600_000;
const signal = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
});

const setClock = (byMs: number): void => void vi.setSystemTime(Date.now() + byMs);

async function worldWith(photographs: Readonly<Record<string, Buffer>>): Promise<World> {
  const world = await createWorld({ policy: remotePolicy });
  onTestFinished(() => world.close());
  for (const [name, bytes] of Object.entries(photographs)) await writeFile(join(world.folder, name), bytes);
  return world;
}

test("a clock that is set back an hour keeps the circuit breaker open no longer than its five seconds", async () => {
  let isDown = true;
  const source = retrySource(
    {
      async stat() {
        if (isDown) throw new Problem("source-failed");
        return { validator: '"1"', bytes: 1 };
      },
      open: () => Promise.reject(new Problem("internal")),
    },
    { pauseMs: () => 0 },
  );
  const ask = (key: string) => source.stat(key, signal).catch((error: unknown) => error);
  for (let n = 0; n < 40; n++) await ask(`${n}.jpg`);
  expect(await ask("a.jpg")).toMatchObject({ code: "source-busy" });
  isDown = false;
  setClock(-HOUR);
  vi.advanceTimersByTime(6_000);
  expect(await ask("a.jpg")).toMatchObject({ bytes: 1 });
});

test("a clock that is set back an hour stops writes to the cache for no longer than half a minute", async () => {
  const folder = await temporaryFolder();
  const cache = await createDiskCache({ folder, budget: { maxBytes: 1e6, maxFiles: 100 } });
  const record = {
    validator: '"1"',
    bytes: 1,
    type: "image/jpeg",
    width: 1,
    height: 1,
    frames: 1,
    alpha: false,
    look: 1,
  };
  const write = () => cache.changeRecord("a.jpg", () => ({ ...record, checked: Date.now() }));
  // A folder cannot be created in the place of a file.
  await writeFile(join(folder, "v1"), "");
  expect(await write()).toBe(false);
  await rm(join(folder, "v1"));
  await mkdir(join(folder, "v1"));
  setClock(-HOUR);
  vi.advanceTimersByTime(31_000);
  expect(await write()).toBe(true);
});

test("a clock that is set back an hour extends no remembered failure, rate limit or quarantine", async () => {
  const world = await worldWith({ "other.jpg": await photo(32, 24).jpeg().toBuffer() });
  const get = async () => (await world.get("/?img=late.jpg&q=33")).status;
  const limiter = createRateLimiter({ burst: 1, perSecond: 1 });
  const quarantine = new Quarantine({ memoryMs: 60_000 });
  expect([await get(), limiter.take("a"), limiter.take("a")]).toEqual([404, true, false]);
  const original = [new Uint8Array(1)] as const;
  for (let time = 0; time < 2; time++) quarantine.recordFailure(original, "encode");
  expect(quarantine.isQuarantined(original, "encode")).toBe(true);
  await writeFile(join(world.folder, "late.jpg"), await photo(32, 24).jpeg().toBuffer());
  setClock(-HOUR);
  vi.advanceTimersByTime(61_000);
  expect([await get(), limiter.take("a")]).toEqual([200, true]);
  expect(quarantine.isQuarantined(original, "encode")).toBe(false);
});

test("a variant made with a clock that was a month ahead is not fresh for that month", async () => {
  const world = await worldWith({ "a.jpg": await photo(32, 24).jpeg().toBuffer() });
  const get = async (query: string): Promise<string> => {
    const answer = await (await world.get(`/?img=a.jpg&${query}`)).arrayBuffer();
    await world.service.background.idle();
    return Buffer.from(answer).toString("hex");
  };
  setClock(30 * 24 * HOUR);
  const [made, told] = [await get("q=33&fm=jpg"), await get("fm=json")];
  setClock(-30 * 24 * HOUR);
  await writeFile(join(world.folder, "a.jpg"), await photo(48, 24).jpeg().toBuffer());
  // After the first of these answers the source is asked, and its answer wins over the stored one.
  expect(await get("q=33&fm=jpg")).toBe(made);
  expect(await get("q=33&fm=jpg")).not.toBe(made);
  expect(await get("fm=json")).not.toBe(told);
});

test("a clock that is set back while a page is read does not stop the checks of its photographs", async () => {
  const world = await worldWith({ "a.jpg": await photo(32, 24).jpeg().toBuffer() });
  const get = async (): Promise<void> => {
    await (await world.get("/?img=a.jpg&q=33&fm=jpg")).arrayBuffer();
    await world.service.background.idle();
  };
  await get();
  await get();
  setClock(-30 * 24 * HOUR);
  world.asked.length = 0;
  vi.advanceTimersByTime(HOUR + 1_000);
  await get();
  expect(world.asked).toEqual(["stat a.jpg"]);
});

test("a set that is published while the clock is back still counts as the newest", async () => {
  const folder = await temporaryFolder();
  const nameOf = () => "name";
  const published = await openPublished({
    folder,
    keep: 1,
    defaultQuality: 75,
    nameOf,
    changed: () => undefined,
    lookMs: 0,
  });
  await put(published, "blog", "monday", { images: {} });
  setClock(-HOUR);
  await put(published, "blog", "tuesday", { images: {} });
  expect(await published.list("blog")).toEqual(["tuesday"]);
});
