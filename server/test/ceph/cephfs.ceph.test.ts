import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { runCacheProcess, startCacheProcess } from "../support/cache-process.ts";
import { cannotMount, full, useMounts } from "./cephfs-mounts.ts";

describe.skipIf(cannotMount())("a cache on CephFS, from two clients", () => {
  const mounts = useMounts();

  test("on CephFS, two writers and four readers see only whole entries, and none twice in the wrong order", async () => {
    const keys = full ? 200 : 20;
    const places = await mounts.folders("replace");
    // Every key exists before the readers start: after that, a miss would mean that an entry was missing for a moment.
    await runCacheProcess("write", { folder: places[0], keys, count: 1 });
    const writers = places.map((folder) => startCacheProcess("write", { folder, keys, count: 0 }));
    const readers = [...places, ...places].map((folder) =>
      startCacheProcess("read", { folder, keys, count: full ? 12_500 : 500 }),
    );
    for (const { counts } of readers)
      expect(await counts).toMatchObject({ misses: 0, bad: 0, wentBack: 0, failures: { corrupt: 0 } });
    for (const writer of writers) {
      writer.enough();
      expect(await writer.counts).toMatchObject({ refused: 0 });
    }
    expect(await runCacheProcess("check", { folder: places[1] })).toMatchObject({
      files: keys,
      bad: 0,
      temporary: 0,
    });
  }, 600_000);

  // Few, because two clients that publish the same name at the same time wait for the MDS's journal, up to 5 s a call.
  test("on CephFS, parallel writes of one entry from each client leave one file and no error", async () => {
    const [keys, count] = full ? [10, 20] : [1, 4];
    const places = await mounts.folders("race");
    await Promise.all(
      places.map(async (folder) =>
        expect(await runCacheProcess("race", { folder, keys, count, bytes: 2000 })).toMatchObject({
          stored: keys * count,
          refused: 0,
        }),
      ),
    );
    for (const folder of places)
      expect(await runCacheProcess("check", { folder })).toMatchObject({ files: keys, bad: 0, temporary: 0 });
  }, 3_600_000);

  test("on CephFS, sweeps of both clients at once, after some were killed, end between the watermarks", async () => {
    const [keys, bytes] = [full ? 2000 : 300, 3000];
    const places = await mounts.folders("sweep");
    await runCacheProcess("write", { folder: places[0], keys, count: 1, bytes });
    const before = await runCacheProcess("check", { folder: places[1] });
    const maxBytes = Math.round(Number(before.bytes) / 1.5);
    for (const folder of full ? [...places, ...places, ...places] : places) {
      const { child, counts } = startCacheProcess("sweep", { folder, maxBytes });
      await sleep(100 + Math.random() * 400);
      child.kill("SIGKILL");
      await counts;
    }
    const summaries = await Promise.all(
      [...places, ...places].map((folder) => runCacheProcess("sweep", { folder, maxBytes })),
    );
    for (const summary of summaries) expect(summary).toMatchObject({ failedDeletes: 0 });
    const after = await runCacheProcess("check", { folder: places[0] });
    expect(after).toMatchObject({ bad: 0, temporary: 0 });
    expect(Number(after.bytes)).toBeLessThanOrEqual(0.9 * maxBytes);
    expect(Number(after.bytes)).toBeGreaterThanOrEqual(0.79 * maxBytes);
  }, 600_000);
});
