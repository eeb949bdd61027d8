import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { rgwOf, signalDaemon, startDaemon, stopDaemon, until } from "../../dev/ceph/daemon.ts";
import { type FreshnessPolicy, remotePolicy } from "../freshness.ts";
import { openSource } from "../source/open.ts";
import { full } from "./cephfs-mounts.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";
import { photo } from "./pictures.ts";
import { type Pod, startPod } from "./pod.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { createWorld, type World } from "./world.ts";

const ceph = inject("ceph");
const owner = ownerClient(ceph);

/** Checks a versioned photograph as often as an unversioned one: a test does not wait for a day. */
const often: FreshnessPolicy = { unversionedSeconds: 1, versionedSeconds: 1 };
const rarely = remotePolicy;

describe("a photograph in a bucket of RGW", () => {
  test("that is replaced shows at once where the URL has its new version", async () => {
    const { world } = await serverOn(rarely);
    const before = await put("new.jpg", 200);
    expect(await ask(world, `img=new.jpg&q=50&v=${before}`)).toMatchObject({ width: 200, age: "immutable" });
    const after = await put("new.jpg", 100);
    expect(await ask(world, `img=new.jpg&q=50&v=${after}`)).toMatchObject({ width: 100, age: "immutable" });
    // The old version is no more: its URL gives what there is now, for a minute.
    expect(await ask(world, `img=new.jpg&q=50&v=${before}`)).toMatchObject({ width: 100, age: "a minute" });
  });

  test("that is replaced shows within the revalidation time where the URL has no version", async () => {
    const { world, proxy } = await serverOn(often);
    await put("plain.jpg", 200);
    expect(await ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 200, cache: "fwd=miss" });
    await put("plain.jpg", 100);
    // Until it has been looked at again the entry is served as it is, and not looked at for each reader.
    expect(await ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 200, cache: "hit" });
    expect(proxy.seen).toEqual([`GET /${ceph.bucket}/plain.jpg`]);
    await until("the new photograph", 30, async () => {
      expect(await ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 100 });
    });
    expect(proxy.seen).toEqual(["GET", "HEAD", "GET"].map((method) => `${method} /${ceph.bucket}/plain.jpg`));
  });

  test("that is deleted takes its variants with it", async () => {
    const { world } = await serverOn(often);
    const version = await put("gone.jpg", 200);
    for (const quality of [40, 50]) await ask(world, `img=gone.jpg&q=${quality}&v=${version}`);
    await world.service.background.idle();
    const variant = { key: "gone.jpg", quality: 40, class: "auto" as const };
    expect(await world.cache.read(variant)).toBeDefined();
    await owner.send(new DeleteObjectCommand({ Bucket: ceph.bucket, Key: "gone.jpg" }));
    await until("the check", 30, async () => {
      expect(await ask(world, `img=gone.jpg&q=50&v=${version}`)).toMatchObject({ status: 404 });
    });
    expect(await world.cache.read(variant)).toBeUndefined();
    expect(await ask(world, "img=gone.jpg&q=40")).toMatchObject({ status: 404 });
  });

  test("is asked for once, however many readers want its new version", async () => {
    const { world, proxy } = await serverOn(rarely);
    const before = await put("many.jpg", 200);
    await ask(world, `img=many.jpg&q=50&v=${before}`);
    const after = await put("many.jpg", 100);
    proxy.seen.length = 0;
    const asked = Array.from({ length: 200 }, () => ask(world, `img=many.jpg&q=50&v=${after}`));
    for (const answer of await Promise.all(asked))
      expect(answer).toMatchObject({ status: 200, width: 100, age: "immutable" });
    expect(proxy.seen).toEqual(["HEAD", "GET"].map((method) => `${method} /${ceph.bucket}/many.jpg`));
  });

  test("is fetched once for a cold rush", async () => {
    const { world, proxy } = await serverOn(rarely);
    await put("cold.jpg", 200);
    const asked = Array.from({ length: 200 }, (_, at) => ask(world, `img=cold.jpg&q=${50 + (at % 4)}`));
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
    expect(proxy.seen).toEqual([`GET /${ceph.bucket}/cold.jpg`]);
  });
});

describe("a pod whose gateway is", () => {
  afterEach(async () => {
    if (!signalDaemon(ceph.folder, "rgw", "SIGCONT")) await startDaemon(ceph.folder, rgwOf(ceph));
    await until("the gateway", 60, async () => void (await put("alive", 1)));
  });

  test.each([
    ["suspended", () => signalDaemon(ceph.folder, "rgw", "SIGSTOP"), 504],
    ["killed", () => stopDaemon(ceph.folder, "rgw"), 502],
  ] as const)(
    "%s serves all that it has, and says so of the rest",
    async (_, fail, status) => {
      const version = await put("warm.jpg", 200);
      const pod = await podOn(await temporaryFolder());
      const warm = ["img=warm.jpg&q=50", `img=warm.jpg&q=50&v=${version}`];
      for (const query of warm) expect(await ask(pod, query)).toMatchObject({ status: 200 });
      await fail();
      // One by one: after some of these the breaker is open and nobody waits any more.
      const missed = [];
      for (let quality = 10; quality < 15; quality++)
        missed.push(await ask(pod, `img=warm.jpg&q=${quality}`));
      for (const answer of missed) expect([status, 503]).toContain(answer.status);
      expect(missed[0]).toMatchObject({ status, age: "no-store" });
      const answers = await askSteadily(pod, warm, full ? 10_000 : 300, full ? 60 : 1);
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ cache }) => cache))).toEqual(new Set(["hit"]));
      // Nobody can say whether there is such a version: what is here is served, and said to be stale.
      const unsure = Array.from({ length: 20 }, (_, at) => ask(pod, `img=warm.jpg&q=50&v=${1e9 + at}`));
      const stale = await Promise.all(unsure);
      for (const answer of stale) expect(answer).toMatchObject({ status: 200, age: "a minute" });
      expect(stale.map(({ cache }) => cache)).toContain("hit; detail=stale-if-error");

      if (!signalDaemon(ceph.folder, "rgw", "SIGCONT")) await startDaemon(ceph.folder, rgwOf(ceph));
      await until("a miss to be made", 60, async () => {
        expect(await ask(pod, "img=warm.jpg&q=20")).toMatchObject({ status: 200, cache: "fwd=miss" });
      });
      expect((await ask(pod, "img=absent.jpg&q=20")).status).toBe(404);
    },
    900_000,
  );
});

// --- servers ---

/** A server in this process, on the bucket through a proxy that counts. */
async function serverOn(policy: FreshnessPolicy): Promise<{ world: World; proxy: CountingProxy }> {
  const proxy = await startCountingProxy(ceph.endpoint);
  const { source } = await openSource({
    source: { kind: "s3", bucket: ceph.bucket, prefix: "" },
    sources: [],
    s3: {
      endpoint: proxy.url,
      forcePathStyle: true,
      region: ceph.region,
      credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
    },
  });
  const world = await createWorld({ policy, wrap: () => source });
  onTestFinished(() => world.close());
  return { world, proxy };
}

/** The executable, set up as an operator sets it up. */
function podOn(cache: string): Promise<Pod> {
  return startPod({
    SOURCE: `s3://${ceph.bucket}`,
    S3_ENDPOINT: ceph.endpoint,
    AWS_ACCESS_KEY_ID: ceph.accessKey,
    AWS_SECRET_ACCESS_KEY: ceph.secretKey,
    CACHE_DIR: cache,
    GC_INTERVAL: "0",
    COLD_BUDGET: "10000",
  });
}

/** Puts a photograph of a width; returns its version. */
async function put(key: string, width: number): Promise<string> {
  const body = await photo(width, width).jpeg().toBuffer();
  const { ETag } = await owner.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: key, Body: body }));
  return createHash("sha256")
    .update(ETag ?? "")
    .digest("hex")
    .slice(0, 10);
}

// --- answers ---

/** One after the other, at a pace: `CHAOS=1` has the gateway gone for ten minutes. */
async function askSteadily(
  pod: Pod,
  queries: readonly string[],
  count: number,
  pauseMs: number,
): Promise<Asked[]> {
  const answers: Promise<Asked>[] = [];
  for (let at = 0; at < count; at++) {
    answers.push(ask(pod, queries[at % queries.length] ?? ""));
    await sleep(pauseMs);
  }
  return await Promise.all(answers);
}

interface Asked {
  readonly status: number;
  readonly width: number | undefined;
  readonly cache: string | undefined;
  readonly age: string;
}

/** @throws when it takes longer than any reader would wait. */
async function ask(server: World | Pod, query: string): Promise<Asked> {
  const response =
    "url" in server
      ? await fetch(`${server.url}?${query}`, { signal: AbortSignal.timeout(20_000) })
      : await server.get(`/?${query}`);
  const body = Buffer.from(await response.arrayBuffer());
  const { width } = response.ok ? await sharp(body).metadata() : { width: undefined };
  const cacheControl = response.headers.get("cache-control") ?? "";
  const words = { "public, max-age=60": "a minute", "public, max-age=31536000, immutable": "immutable" };
  return {
    status: response.status,
    width,
    cache: response.headers.get("cache-status")?.replace("imgproxy-lite; ", ""),
    age: Object.entries(words).find(([value]) => value === cacheControl)?.[1] ?? cacheControl,
  };
}
