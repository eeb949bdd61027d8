import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pMap from "p-map";
import { createPool, type Pool } from "../../server/encode/pool/pool.ts";
import { allocator } from "../../server/encode/pool/start-encoder.ts";
import { Problem } from "../../server/errors.ts";
import type { Bench } from "../tools/bench.ts";
import { childrenOf, cpuMsOf, privateBytesOf } from "../tools/measure/cpu.ts";
import type { Table } from "../tools/result/result.ts";

/** Memory that two encoders keep, and CPU time that they use, by allocator. */
export async function allocators(bench: Bench): Promise<Table> {
  const rows: (readonly (string | number)[])[] = [];
  for (const [name, environment] of kinds()) {
    bench.tell(name);
    const { peak, idle, cpuMs, refused } = await jobs(bench, environment);
    rows.push([name, peak / 2 ** 20, idle / 2 ** 20, cpuMs / 1000, refused]);
  }
  return {
    title: `Two encoders by allocator: ${JOBS} mixed jobs, then two seconds of rest`,
    head: ["", "MiB, peak", "MiB, at rest", "CPU s", "jobs above the encoder's limit of memory"],
    rows,
  };
}

// --- allocators ---

type Environment = Readonly<Record<string, string>>;

/** Debian's libjemalloc2, if it is installed. */
const JEMALLOC = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/libjemalloc.so.2`)
  .find((file) => existsSync(file));

function kinds(): (readonly [string, Environment])[] {
  const glibc: (readonly [string, Environment])[] = [
    ["glibc as shipped: one heap, pieces above 8 MiB by themselves", allocator],
    ["MALLOC_ARENA_MAX=2", { MALLOC_ARENA_MAX: "2" }],
    ["glibc's default", {}],
  ];
  if (JEMALLOC === undefined) return glibc;
  const tuned = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000,narenas:2";
  return [
    ...glibc,
    ["jemalloc", { LD_PRELOAD: JEMALLOC }],
    ["jemalloc, tuned to return memory", { LD_PRELOAD: JEMALLOC, MALLOC_CONF: tuned }],
  ];
}

// --- jobs ---

const JOBS = 96;
const FORMATS = ["jpg", "webp", "avif"] as const;
const WIDTHS = [480, 800, 1200, 1600];

async function jobs(bench: Bench, environment: Environment) {
  const original = readFileSync(path.join(bench.photos, bench.keys[0]));
  const pool = createPool({
    slots: { live: 2, warm: 1 },
    // A busy machine is no reason to fail.
    deadlineMs: { live: 600_000, warm: 600_000 },
    worker: { environment },
  });
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, privateBytes());
  }, 50);
  try {
    const done = await pMap(Array(JOBS).keys(), (index) => work(pool, original, index), { concurrency: 2 });
    await sleep(2_000);
    const cpuMs = childrenOf(process.pid).reduce((sum, child) => sum + cpuMsOf(child), 0);
    return { peak, idle: privateBytes(), cpuMs, refused: done.filter((isDone) => !isDone).length };
  } finally {
    clearInterval(watching);
    pool.close();
  }
}

/** @returns false if the job needs more memory than an encoder may have: some allocators reserve more than they use. */
async function work(pool: Pool, original: Uint8Array, index: number): Promise<boolean> {
  const signal = new AbortController().signal;
  const output = {
    class: FORMATS[index % FORMATS.length] ?? "jpg",
    width: WIDTHS[index % WIDTHS.length] ?? 800,
    quality: 40 + (index % 40),
  };
  try {
    for await (const _ of pool.encode(original, [output], { lane: "live", signal }));
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === "impossible-variant") return false;
    throw error;
  }
}

function privateBytes(): number {
  return childrenOf(process.pid).reduce((sum, child) => sum + privateBytesOf(child), 0);
}
