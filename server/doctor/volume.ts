import { readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { CannotCache } from "../cache/cannot-cache.ts";
import { makeFolder, publish, remove } from "../cache/files.ts";
import { TEMPORARY } from "../cache/name.ts";
import { VolumeHung, VolumeLimiter } from "../cache/volume-limiter.ts";
import type { Config } from "../config/load.ts";
import { formatSize } from "../gc/summary.ts";
import { missingFreeBytes, tellsNoSize } from "../gc/watermarks.ts";

/** The quickest counts: a slow volume is slow each time, and a busy machine only at times. */
const ROUNDS = 5;

/** A store is not waited for, a hit is. CephFS on disks needs 50 ms for a store, and 1 ms for a read. */
const MOST_MS = { store: 1_000, read: 100 } as const;

/** The clocks of one cluster differ by less. */
const MOST_SKEW_MS = 60_000;

/** Stores, reads and deletes small files as the server does, in time, and looks at the space. */
export async function diagnoseVolume(config: Config): Promise<Diagnosis[]> {
  const line = linesOfCheck("cache");
  const { cacheDir } = config;
  const volume = new VolumeLimiter({ deadlineMs: { read: config.cacheTimeout } });
  try {
    await volume.run("write", () => makeFolder(cacheDir));
    const times = await volume.run("write", () => measure(cacheDir));
    return [...timeLines(times), ...(await volume.run("read", () => spaceLines(config)))];
  } catch (error) {
    if (error instanceof VolumeHung)
      return [
        line.problem(`CACHE_DIR: ${cacheDir}: ${error.message}: mount it again, or name another folder`),
      ];
    const call = error instanceof Error && "syscall" in error ? ` (${error.syscall})` : "";
    return [line.problem(new CannotCache(cacheDir, error, `cannot store a file${call}`).message)];
  }
}

// --- files ---

interface Times {
  readonly storeMs: number;
  readonly readMs: number;
  /** By how much this machine's clock is ahead of the volume's. */
  readonly skewMs: number;
}

/** A leftover of a killed doctor looks like a half-written file, which a sweep deletes. */
async function measure(folder: string): Promise<Times> {
  const stores: number[] = [];
  const reads: number[] = [];
  let skewMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const name = `${TEMPORARY}doctor-${process.pid}-${round}`;
    const path = join(folder, name);
    const bytes = Buffer.alloc(64 * 1024, round);
    const started = performance.now();
    await publish(folder, [name], bytes, new Date());
    const stored = performance.now();
    try {
      if (!(await readFile(path)).equals(bytes)) throw new Error("what was stored is not what is read");
      reads.push(performance.now() - stored);
      stores.push(stored - started);
      skewMs = Date.now() - (await stat(path)).ctimeMs;
    } finally {
      await remove(path);
    }
  }
  return { storeMs: Math.min(...stores), readMs: Math.min(...reads), skewMs };
}

// --- words ---

function timeLines({ storeMs, readMs, skewMs }: Times): Diagnosis[] {
  const line = linesOfCheck("cache");
  const words = `a store takes ${storeMs.toFixed(1)} ms, a read ${readMs.toFixed(1)} ms`;
  const isSlow = storeMs > MOST_MS.store || readMs > MOST_MS.read;
  return [
    isSlow
      ? line.problem(
          `${words}: more than ${MOST_MS.store} and ${MOST_MS.read} ms, so hits are slow: use a faster volume for CACHE_DIR, or look for what slows it`,
        )
      : line.ok(`files are stored, synced, renamed and deleted: ${words}`),
    ...(Math.abs(skewMs) > MOST_SKEW_MS
      ? [
          linesOfCheck("clock").problem(
            `this machine's clock and the cache volume's differ by ${Math.round(Math.abs(skewMs) / 1_000)} s, so the GC misjudges ages: set both by NTP (timedatectl set-ntp true)`,
          ),
        ]
      : []),
  ];
}

async function spaceLines({ cacheDir, cacheMinFree, cacheMaxBytes }: Config): Promise<Diagnosis[]> {
  const line = linesOfCheck("space");
  if (tellsNoSize(cacheDir)) return [line.note("the volume does not report its size")];
  const { bavail, bsize, blocks, files, ffree } = await statfs(cacheDir);
  const free = formatSize(bavail * bsize);
  if (files > 0 && ffree === 0)
    return [line.problem("the volume has no free inode: delete files, or use a larger volume")];
  if (missingFreeBytes({ folder: cacheDir, minFreeBytes: cacheMinFree }) > 0)
    return [
      line.problem(
        `only ${free} is free, less than CACHE_MIN_FREE (${formatSize(cacheMinFree)}), so every sweep deletes variants: free some, use a larger volume, or lower CACHE_MIN_FREE`,
      ),
    ];
  if (blocks * bsize < cacheMaxBytes)
    return [
      line.note(
        `the volume has ${formatSize(blocks * bsize)}, less than CACHE_MAX_BYTES (${formatSize(cacheMaxBytes)}): CACHE_MIN_FREE will limit the cache instead`,
      ),
    ];
  return [line.ok(`${free} is free`)];
}
