import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { signalDaemon, until } from "../../../dev/ceph/daemon.ts";
import { mountCephfs, setQuota } from "../../../dev/ceph/mount.ts";
import { runCacheProcess } from "../support/cache-process.ts";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { cannotMount, full, useMounts } from "./cephfs-mounts.ts";

const ceph = inject("ceph");

/** K1 lets the volume hang for five minutes. */
const hangs = { timeout: full ? 900_000 : 300_000 } as const;

describe.skipIf(cannotMount())("two pods that share a cache on CephFS", () => {
  const mounts = useMounts();
  let photos = "";

  beforeAll(async () => {
    photos = await mkdtemp(join(tmpdir(), "imgproxy-lite-photos-"));
    await photo(1600, 1200).jpeg({ quality: 95 }).toFile(join(photos, "worms.jpg"));
  });
  afterAll(() => rm(photos, { recursive: true }));

  /** Without a memory cache, because these tests are about the volume. A test that lets it hang waits for it a second only. */
  const pod = (cache: string, timeout = "1s"): Promise<Pod> =>
    startPod({
      SOURCE: photos,
      CACHE_DIR: cache,
      HOT_CACHE_BYTES: "0",
      GC_INTERVAL: "0",
      CACHE_TIMEOUT: timeout,
      ENCODERS: "2",
      QUEUE_LIMIT: "100",
      COLD_BUDGET: "10000",
    });
  const podsOn = async (
    [one, two]: readonly [string, string],
    timeout?: string,
  ): Promise<readonly [Pod, Pod]> => [await pod(one, timeout), await pod(two, timeout)];
  const pods = async (name: string, timeout?: string): Promise<readonly [Pod, Pod]> =>
    podsOn(await mounts.folders(name), timeout);

  test("two pods on CephFS encode a variant that both need at most once each, and serve the same bytes", async () => {
    const folders = await mounts.folders("cold");
    const both = await podsOn(folders, "5m");
    for (const quality of [41, 42, 43]) {
      const asked = both.flatMap((pod) => Array.from({ length: 50 }, () => ask(pod, quality)));
      const answers = await Promise.all(asked);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ etag }) => etag)).size).toBe(1);
    }
    await until("the last store", async () => {
      expect(await runCacheProcess("check", { folder: folders[0] })).toMatchObject({
        files: 3,
        bad: 0,
        temporary: 0,
      });
    });
    for (const pod of both) expect((await ask(pod, 42)).cache).toBe("hit");
  });

  test("two pods on CephFS see each other's entries at once", async () => {
    const [writer, reader] = await pods("look", "5m");
    const seen: string[] = [];
    for (const quality of [51, 52, 53, 54, 55]) {
      await stored(writer, quality);
      seen.push((await ask(reader, quality)).cache);
    }
    expect(seen).toEqual(Array(5).fill("hit"));
  });

  test("two pods on CephFS give every reader an image when the quota is used up, and store again when there is room", async () => {
    const folders = await mounts.folders("quota");
    await setQuota(folders[0], 2 * 2 ** 20);
    const both = await podsOn(folders);
    let bytes = 0;
    for (let quality = 84; quality <= 95; quality++) {
      const answer = await ask(quality % 2 === 0 ? both[0] : both[1], quality);
      expect(answer.status).toBe(200);
      expect((await sharp(answer.body).metadata()).width).toBe(1500);
      bytes += answer.body.byteLength;
    }
    // The test is only valid if the volume was full.
    expect(bytes).toBeGreaterThan(3 * 2 ** 20);
    // Variants are stored after the answers, and CephFS notices some seconds later that a quota is used up.
    let quality = 20;
    await until("the quota to be used up", async () => {
      for (const pod of both) expect((await ask(pod, quality)).status).toBe(200);
      quality = quality < 80 ? quality + 1 : 20;
      const failed = await Promise.all(
        both.map((pod) => pod.metric("imgproxy_lite_cache_failures_total", "full")),
      );
      expect(Math.max(...failed)).toBeGreaterThan(0);
    });
    await until("nothing half written", async () => {
      const { files, ...rest } = await runCacheProcess("check", { folder: folders[1] });
      expect(rest).toMatchObject({ bad: 0, temporary: 0 });
      expect(files).toBeGreaterThan(0);
    });
    await setQuota(folders[0], 0);
    for (const pod of both) await stored(pod, 83);
  });

  test(
    "two pods on CephFS answer while the metadata server hangs, and hit again when it continues",
    hangs,
    async () => {
      const folders = await mounts.folders("mds");
      const began = performance.now();
      const [pod] = await podsOn(folders);
      const encodeMs = Math.max(await timed(pod, 61), await timed(pod, 62));
      for (const quality of [61, 62]) await stored(pod, quality);
      hang(() => signalDaemon(ceph.folder, "mds", "SIGCONT"));
      signalDaemon(ceph.folder, "mds", "SIGSTOP");
      // One after the other, until a request hangs in every place of the volume's limit.
      for (const quality of [61, 71, 72, 73, 74, 75, 71, 62])
        expect((await ask(pod, quality)).status).toBe(200);
      const waits: number[] = [];
      const probes = new Set<number>();
      for (const end = performance.now() + (full ? 300_000 : 0); ; await sleep(200)) {
        for (const probe of ["livez", "readyz"])
          probes.add((await fetch(new URL(probe, pod.adminUrl))).status);
        if (performance.now() >= end) break;
        await until("an image", async () => {
          // A busy machine can answer that it is busy; then the request is repeated.
          waits.push(await timed(pod, 61 + Math.floor(Math.random() * 30)));
        });
      }
      const p99 = waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)];
      if (full) expect.soft(p99, "p99 of images while the volume hangs").toBeLessThan(encodeMs + 1_500);
      expect(await pod.metric("imgproxy_lite_cache_failures_total", "hung")).toBeGreaterThan(0);
      expect([...probes]).toEqual([200]);
      signalDaemon(ceph.folder, "mds", "SIGCONT");
      // The metadata server itself can take five seconds to continue.
      await mkdir(join(folders[0], "answers"));
      const healed = performance.now();
      await stored(pod, 61);
      if (full) expect.soft(performance.now() - healed, "ms until there are hits again").toBeLessThan(5_000);
      for (const quality of [71, 77]) await stored(pod, quality);
      // At most once a minute, whatever the number of readers.
      const told = (await pod.logged()).match(/"failure":"hung"/g)?.length ?? 0;
      expect(told).toBeGreaterThanOrEqual(1);
      expect(told).toBeLessThanOrEqual(1 + (performance.now() - began) / 60_000);
    },
  );

  test("two pods on CephFS answer while the client of one hangs, and hit again when it continues", async () => {
    const both = await pods("client");
    for (const quality of [61, 62]) await stored(both[0], quality);
    hang(() => mounts.one.signal("SIGCONT"));
    mounts.one.signal("SIGSTOP");
    // The other client hangs on a file of the first one, until the MDS evicts the first one.
    for (const quality of [61, 62, 71, 72, 73])
      for (const answer of await Promise.all(both.map((pod) => ask(pod, quality))))
        expect(answer.status).toBe(200);
    mounts.one.signal("SIGCONT");
    for (const pod of both) for (const quality of [61, 71, 74]) await stored(pod, quality);
  });

  test("two pods on CephFS answer when the cluster has evicted their client, and report it", async () => {
    const mount = await mountCephfs(ceph.folder, join(await temporaryFolder(), "mount"));
    onTestFinished(() => mount.unmount());
    await mkdir(join(mount.folder, "shut-out"));
    const shutOut = await pod(join(mount.folder, "shut-out"));
    await stored(shutOut, 61);
    await mount.evict();
    await until("the volume to be seen to fail", async () => {
      expect((await ask(shutOut, 62 + Math.floor(Math.random() * 30))).status).toBe(200);
      expect(await shutOut.metric("imgproxy_lite_cache_failures_total", "error")).toBeGreaterThan(0);
    });
    for (const quality of [61, 91, 61]) expect((await ask(shutOut, quality)).status).toBe(200);
    expect((await fetch(new URL("readyz", shutOut.adminUrl))).status).toBe(200);
    // Lines are written together, a moment after the answers.
    await until("the failure to be logged", async () =>
      expect(shutOut.log()).toContain("the cache volume failed"),
    );
  });

  test("two pods on CephFS start while their client hangs, and use the volume when it continues", async () => {
    const folders = await mounts.folders("start");
    await stored(await pod(folders[0]), 61);
    hang(() => mounts.one.signal("SIGCONT"));
    mounts.one.signal("SIGSTOP");
    const late = await pod(folders[0]);
    expect((await ask(late, 62)).status).toBe(200);
    mounts.one.signal("SIGCONT");
    await stored(late, 63);
    expect((await ask(late, 61)).cache).toBe("hit");
  });
});

// --- asking ---

interface Asked {
  readonly status: number;
  /** `hit`, or the reason why the request was forwarded. */
  readonly cache: string;
  readonly etag: string | null;
  readonly body: Uint8Array;
}

/** @throws if the answer hangs. */
async function ask(pod: Pod, quality: number): Promise<Asked> {
  const url = new URL(`?fm=jpg&img=worms.jpg&q=${quality}&w=1500`, pod.url);
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  const cache = response.headers.get("cache-status")?.split("; ")[1] ?? "";
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, cache, etag: response.headers.get("etag"), body };
}

/** Milliseconds until the image was complete. */
async function timed(pod: Pod, quality: number): Promise<number> {
  const started = performance.now();
  expect((await ask(pod, quality)).status).toBe(200);
  return performance.now() - started;
}

/** Resolves once the volume has it. */
function stored(pod: Pod, quality: number): Promise<void> {
  return until(`q=${quality} on the volume`, async () => {
    expect((await ask(pod, quality)).cache).toBe("hit");
  });
}

/** After every test, nothing may hang: not even SIGKILL ends a process that waits for the MDS. */
function hang(resume: () => unknown): void {
  onTestFinished(() => void resume());
}
