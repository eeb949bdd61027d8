import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, getPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import type { Lane, Output } from "../encoder.ts";
import { createPool, type Pool, type PoolOptions } from "../pool/pool.ts";
import { isSuspect } from "../pool/quarantine.ts";
import { allocator } from "../pool/start-encoder.ts";
import { Worker } from "../pool/worker.ts";
import { WorkerDied } from "../pool/worker-died.ts";
import { FATAL_WIDTH, fault, faultyChild } from "./faulty-child.ts";
import { patient } from "./patient.ts";

/** The signal of a caller that never aborts. */
const never = (): AbortSignal => new AbortController().signal;
let original: Buffer;
beforeAll(async () => {
  original = await photo(400, 300).jpeg().toBuffer();
});

async function startPool(options: PoolOptions = {}): Promise<Pool> {
  const pool = createPool({
    slots: { live: 1, warm: 1 },
    ...patient,
    worker: { module: await faultyChild() },
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** For jobs that never end. */
const hasty = { live: 500, warm: 500 };

const at = (quality: number): Output => ({ class: "jpg", quality, width: 200 });

async function encode(
  pool: Pool,
  outputs: readonly Output[],
  lane: Lane = "live",
  signal = never(),
  body = original,
) {
  const made = [];
  for await (const encoded of pool.encode(body, outputs, { lane, signal })) made.push(encoded);
  return made;
}

describe("faulty encoders", () => {
  test.each(["abort", "segfault", "lie", "babble", "misstate"] as const)(
    "a child that %ss is replaced, and its job is tried once more, and then never again",
    async (kind) => {
      const pool = await startPool();
      await expect(encode(pool, [at(fault[kind])])).rejects.toMatchObject({ code: "encode-failed" });
      expect(pool.stats()).toMatchObject({ crashed: 2, spawned: 2 });
      await expect(encode(pool, [at(fault[kind])])).rejects.toMatchObject({ code: "impossible-variant" });
      expect(pool.stats()).toMatchObject({ crashed: 2, spawned: 2 });
      expect(await encode(pool, [at(50)])).toHaveLength(1);
    },
  );

  test("a child that sends more replies than its job has outputs is killed", async () => {
    const pool = await startPool();
    expect((await encode(pool, [at(fault.flood)])).length).toBeLessThanOrEqual(2);
    expect(pool.stats()).toMatchObject({ crashed: 1 });
  });

  test("a warm child that gets no CPU because others use it is not killed", async () => {
    const pool = await startPool({ deadlineMs: { live: 600_000, warm: 3_000 } });
    await encode(pool, [at(50)], "warm");
    const busy = Array.from({ length: availableParallelism() * 2 }, () =>
      spawn(process.execPath, ["-e", "require('fs').writeSync(1, 'x'); for (;;);"], {
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    onTestFinished(() => {
      for (const hog of busy) hog.kill("SIGKILL");
    });
    // While they start, they leave CPU time to the child.
    await Promise.all(busy.map(({ stdout }) => once(stdout, "data")));
    const work = encode(pool, [at(fault.spin)], "warm").catch((error: unknown) => error);
    await sleep(5_000);
    // A job that gets no CPU time is not overdue; when it gets some, it is.
    expect(pool.stats().overdue).toBe(0);
    for (const hog of busy) hog.kill("SIGKILL");
    expect(await work).toMatchObject({ code: "encode-failed" });
    expect(pool.stats().overdue).toBe(1);
  });

  test.each(["spin", "silence"] as const)(
    "a child that does not answer (%s) is killed at the deadline",
    async (kind) => {
      const pool = await startPool({ deadlineMs: hasty });
      await expect(encode(pool, [at(fault[kind])])).rejects.toMatchObject({ code: "encode-failed" });
      expect(pool.stats()).toMatchObject({ overdue: 1, crashed: 0 });
      expect(pool.stats().lanes.live).toEqual({ running: 0, waiting: 0, children: 0 });
    },
  );

  test("a child that got no CPU before its deadline does not count against the photograph: the machine was busy", async () => {
    const pool = await startPool({ deadlineMs: hasty });
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(encode(pool, [at(fault.silence)])).rejects.toMatchObject({ code: "encode-failed" });
    expect(isSuspect(new WorkerDied("deadline", 7_900, ""), 10_000)).toBe(false);
    expect(isSuspect(new WorkerDied("deadline", undefined, ""), 10_000)).toBe(false);
    expect(isSuspect(new WorkerDied("deadline", 8_100, ""), 10_000)).toBe(true);
    expect(isSuspect(new WorkerDied("crash", 0, ""), 10_000)).toBe(true);
    expect(isSuspect(new WorkerDied("unstarted", undefined, ""), 10_000)).toBe(false);
  });

  test("a child that dies during one output has delivered the outputs before it", async () => {
    const pool = await startPool();
    const made: number[] = [];
    const outputs = [122, 123, FATAL_WIDTH, 125].map((width) => ({ ...at(50), width }));
    const all = (async () => {
      for await (const { width } of pool.encode(original, outputs, { lane: "live", signal: never() }))
        made.push(width);
    })();
    await expect(all).rejects.toMatchObject({ code: "encode-failed" });
    expect(made).toEqual([122, 123]);
    expect(pool.stats()).toMatchObject({ crashed: 2 });
  });
});

test("a quarantined job is tried again after an hour", async () => {
  let now = 0;
  const pool = await startPool({ quarantine: { now: () => now } });
  await expect(encode(pool, [at(fault.abort)])).rejects.toMatchObject({ code: "encode-failed" });
  await expect(encode(pool, [at(fault.abort)])).rejects.toMatchObject({ code: "impossible-variant" });
  now += 3_600_001;
  await expect(encode(pool, [at(fault.abort)])).rejects.toMatchObject({ code: "encode-failed" });
});

describe("the queue before the encoders", () => {
  test("a full queue for the encoders refuses at once, with the time to come back", async () => {
    const pool = await startPool({ maxJobs: { live: 2, warm: 2 } });
    const waiting = [1, 2, 3].map((quality) => encode(pool, [at(quality)]));
    await expect(encode(pool, [at(4)])).rejects.toMatchObject({
      code: "busy",
      retryAfterSeconds: expect.any(Number),
    });
    expect((await Promise.all(waiting)).flat()).toHaveLength(3);
  });

  test("the queue for the encoders is also limited by megapixels", async () => {
    const pool = await startPool({ maxMegapixels: 1, maxJobs: { live: 100, warm: 2 } });
    const large = await photo(1_200, 900).jpeg({ quality: 100 }).toBuffer();
    const enter = (quality: number) => encode(pool, [at(quality)], "live", never(), large);
    const entered = [enter(1), enter(2)];
    await expect(enter(3)).rejects.toMatchObject({ code: "busy" });
    await Promise.all(entered);
  });

  test("a reader whose wait would exceed the limit is refused", async () => {
    const pool = await startPool({
      maxWaitMs: { live: 300, warm: 300 },
      deadlineMs: { live: 2_000, warm: 2_000 },
    });
    const slow = encode(pool, [at(fault.silence)]);
    await expect(encode(pool, [at(50)])).rejects.toMatchObject({ code: "busy" });
    await expect(slow).rejects.toMatchObject({ code: "encode-failed" });
  });

  test("a reader who leaves the queue frees its place", async () => {
    const pool = await startPool();
    let isFree = false;
    const other = new AbortController();
    const slow = encode(pool, [at(fault.silence)], "live", other.signal).finally(() => {
      isFree = true;
    });
    const reader = new AbortController();
    const left = encode(pool, [at(50)], "live", reader.signal);
    await expect.poll(() => pool.stats().lanes.live.waiting).toBe(1);
    reader.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(isFree).toBe(false);
    expect(pool.stats().lanes.live.waiting).toBe(0);
    other.abort(new Error("gone too"));
    await expect(slow).rejects.toThrow("gone too");
  });

  test("after a reader leaves during a job, the child is used again", async () => {
    const pool = await startPool();
    const reader = new AbortController();
    const outputs = Array.from({ length: 20 }, (_, index) => ({ ...at(50), width: 200 + index }));
    const left = (async () => {
      for await (const _ of pool.encode(original, outputs, { lane: "live", signal: reader.signal }))
        reader.abort(new Error("gone"));
    })();
    await expect(left).rejects.toThrow("gone");
    expect(await encode(pool, [at(60)])).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ spawned: 1, crashed: 0, overdue: 0 });
  });

  test("warm work starts in its turn even if readers wait one after the other for long", async () => {
    const pool = await startPool({ warmPatienceMs: 0 });
    const leaving = new AbortController();
    const readers = [1, 2].map(() =>
      encode(pool, [at(fault.silence)], "live", leaving.signal).catch(() => undefined),
    );
    await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
    expect(await encode(pool, [at(50)], "warm")).toHaveLength(1);
    expect(pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
    leaving.abort(new Error("gone"));
    await Promise.all(readers);
  });

  test("warm work does not start while a reader waits, and a reader has a slot of its own", async () => {
    const pool = await startPool();
    const order: string[] = [];
    const warm = (quality: number) => encode(pool, [at(quality)], "warm").then(() => order.push("warm"));
    const live = (quality: number) => encode(pool, [at(quality)], "live").then(() => order.push("live"));
    const first = live(1);
    const readers = [live(2), live(3)];
    const made = warm(4);
    expect(pool.stats().lanes).toMatchObject({
      live: { running: 1, waiting: 2 },
      warm: { running: 0, waiting: 1 },
    });
    await Promise.all([first, ...readers, made]);
    expect(order.indexOf("warm")).toBeGreaterThan(0);
  });
});

describe("children", () => {
  test("children are replaced after their number of jobs", async () => {
    const pool = await startPool({ recycle: { jobs: 2, restBytes: 1e12 } });
    for (let quality = 50; quality < 55; quality++) await encode(pool, [at(quality)]);
    expect(pool.stats()).toMatchObject({ spawned: 3, recycled: 2 });
  });

  test("children are replaced above their memory limit", async () => {
    const pool = await startPool({ recycle: { jobs: 500, restBytes: 1 } });
    for (let quality = 50; quality < 53; quality++) await encode(pool, [at(quality)]);
    expect(pool.stats()).toMatchObject({ spawned: 3, recycled: 3 });
  });

  test("idle children are ended, except a fresh one for the next reader", async () => {
    const pool = await startPool({ slots: { live: 2, warm: 1 }, idleMs: 50 });
    await Promise.all([encode(pool, [at(50)]), encode(pool, [at(51)]), encode(pool, [at(52)], "warm")]);
    // Three that have worked, and the fresh one: while the last of the three is idle, there is one live child too.
    await expect
      .poll(() => pool.stats())
      .toMatchObject({ spawned: 4, lanes: { live: { children: 1 }, warm: { children: 0 } } });
    // Long after its own idle time would have ended.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(pool.stats().spawned).toBe(4);
    // Checked while it works: a moment later it is ended because it is idle, and another one waits as soon as it has started.
    const spawnedForReader = async (): Promise<number> => {
      const before = pool.stats().spawned;
      let during = before;
      for await (const _ of pool.encode(original, [at(50)], { lane: "live", signal: never() }))
        during = pool.stats().spawned;
      return during - before;
    };
    await expect.poll(spawnedForReader, { interval: 1_000 }).toBe(0);
  });

  test("children have no secret of the server and no descriptor of its files, and give way to it", async () => {
    const folder = await temporaryFolder();
    const module = join(folder, "child.mjs");
    writeFileSync(
      module,
      `import { readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
      const open = readdirSync("/proc/self/fd").map((fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } });
      const file = ${JSON.stringify(join(folder, "seen.json"))} + "." + process.pid;
      writeFileSync(file, JSON.stringify({ env: process.env, open }));
      renameSync(file, ${JSON.stringify(join(folder, "seen.json"))});
      setInterval(() => {}, 1000);`,
    );
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    onTestFinished(() => void vi.unstubAllEnvs());
    const workers = (["live", "warm"] as const).map((lane) => new Worker({ lane, module }));
    onTestFinished(() => {
      for (const worker of workers) worker.kill();
    });
    const [live, warm] = workers.map((worker) => getPriority(worker.pid));
    expect(live).toBeGreaterThan(getPriority());
    expect(warm).toBeGreaterThan(live ?? 0);
    // SCHED_IDLE for all threads of a warm-up, SCHED_OTHER for an image that a reader waits for.
    await expect.poll(() => workers.map(policiesOf)).toEqual([[0], [5]]);
    await expect.poll(() => existsSync(join(folder, "seen.json"))).toBe(true);
    const seen = JSON.parse(readFileSync(join(folder, "seen.json"), "utf8"));
    expect(seen.env).toEqual({ ...allocator, UV_THREADPOOL_SIZE: "2" });
    expect(
      seen.open.filter(
        (path: string) => path.startsWith("/") && !path.startsWith("/dev/") && !path.startsWith("/proc/"),
      ),
    ).toEqual([]);
  });
});

test("if no child can be started, that does not count against the photograph, and no slot is lost", async () => {
  const execPath = process.execPath;
  onTestFinished(() => {
    process.execPath = execPath;
  });
  const pool = await startPool();
  process.execPath = "/nowhere/node";
  for (let attempt = 0; attempt < 3; attempt++)
    await expect(encode(pool, [at(50)])).rejects.toMatchObject({ code: "encode-failed" });
  process.execPath = execPath;
  expect(await encode(pool, [at(50)])).toHaveLength(1);
  expect(pool.stats().lanes.live).toMatchObject({ running: 0, waiting: 0 });
});

/** proc(5), field 41 of each thread. */
function policiesOf({ pid }: Worker): number[] {
  const policies = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
  });
  return [...new Set(policies)];
}

test("a child is running by the time an original has arrived", async () => {
  const pool = await startPool();
  pool.expect();
  pool.expect();
  expect(pool.stats()).toMatchObject({ spawned: 1, lanes: { live: { children: 1 } } });
  await encode(pool, [at(50)]);
  expect(pool.stats().spawned).toBe(1);
});
