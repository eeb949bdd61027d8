import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { ownerClient } from "../../../dev/ceph/cluster.ts";
import { until } from "../../../dev/ceph/daemon.ts";
import { type FreshnessPolicy, remotePolicy } from "../../http/freshness.ts";
import { openSource } from "../../source/open.ts";
import { remoteTimeouts } from "../../source/remote/timeouts.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { createWorld, type World } from "../support/world.ts";
import { ask, putPhoto } from "./bucket.ts";

const ceph = inject("ceph");
const owner = ownerClient(ceph);

/** Checks a versioned photograph as often as an unversioned one, because a test cannot wait for a day. */
const often: FreshnessPolicy = { ...remotePolicy, unversionedSeconds: 1, versionedSeconds: 1 };
const rarely = remotePolicy;

describe("a photograph in a bucket of RGW", () => {
  test("a photograph in a bucket of RGW that is replaced appears at once if the URL has its new version", async () => {
    const { world } = await serverOn(rarely);
    const before = await putPhoto("new.jpg", 200);
    expect(await ask(world, `img=new.jpg&q=50&v=${before}`)).toMatchObject({ width: 200, age: "immutable" });
    const after = await putPhoto("new.jpg", 100);
    expect(await ask(world, `img=new.jpg&q=50&v=${after}`)).toMatchObject({ width: 100, age: "immutable" });
    // The old version no longer exists: its URL gives the current version, cacheable for a minute.
    expect(await ask(world, `img=new.jpg&q=50&v=${before}`)).toMatchObject({ width: 100, age: "a minute" });
  });

  test("a photograph in a bucket of RGW that is replaced appears within the revalidation time if the URL has no version", async () => {
    // The clock stands still: a busy gateway can need more than a second for the new photograph.
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { world, proxy } = await serverOn(often);
    await putPhoto("plain.jpg", 200);
    expect(await ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 200, cache: "fwd=miss" });
    await putPhoto("plain.jpg", 100);
    // Until its next check the entry is served unchanged, and not checked for each reader.
    expect(await ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 200, cache: "hit" });
    expect(proxy.seen).toEqual([`GET /${ceph.bucket}/plain.jpg`]);
    vi.advanceTimersByTime(1_000);
    await expect.poll(() => ask(world, "img=plain.jpg&q=50")).toMatchObject({ width: 100 });
    expect(proxy.seen).toEqual(["GET", "HEAD", "GET"].map((method) => `${method} /${ceph.bucket}/plain.jpg`));
  });

  test("a photograph in a bucket of RGW that is deleted takes its variants with it", async () => {
    const { world } = await serverOn(often);
    const version = await putPhoto("gone.jpg", 200);
    for (const quality of [40, 50]) await ask(world, `img=gone.jpg&q=${quality}&v=${version}`);
    await world.service.background.idle();
    const variant = { key: "gone.jpg", quality: 40, class: "auto" as const };
    expect(await world.cache.read(variant)).toBeDefined();
    await owner.send(new DeleteObjectCommand({ Bucket: ceph.bucket, Key: "gone.jpg" }));
    await until("the check", async () => {
      expect(await ask(world, `img=gone.jpg&q=50&v=${version}`)).toMatchObject({ status: 404 });
    });
    await world.service.background.idle();
    expect(await world.cache.read(variant)).toBeUndefined();
    expect(await ask(world, "img=gone.jpg&q=40")).toMatchObject({ status: 404 });
  });

  test("a photograph in a bucket of RGW is checked once, whatever number of readers want its new version", async () => {
    const { world, proxy } = await serverOn(rarely);
    const before = await putPhoto("many.jpg", 200);
    await ask(world, `img=many.jpg&q=50&v=${before}`);
    const after = await putPhoto("many.jpg", 100);
    proxy.seen.length = 0;
    const asked = Array.from({ length: 200 }, () => ask(world, `img=many.jpg&q=50&v=${after}`));
    for (const answer of await Promise.all(asked))
      expect(answer).toMatchObject({ status: 200, width: 100, age: "immutable" });
    expect(proxy.seen).toEqual(["HEAD", "GET"].map((method) => `${method} /${ceph.bucket}/many.jpg`));
  });

  test("a photograph in a bucket of RGW is fetched once for many cold readers", async () => {
    const { world, proxy } = await serverOn(rarely);
    await putPhoto("cold.jpg", 200);
    const asked = Array.from({ length: 200 }, (_, at) => ask(world, `img=cold.jpg&q=${50 + (at % 4)}`));
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
    expect(proxy.seen).toEqual([`GET /${ceph.bucket}/cold.jpg`]);
  });
});

// --- servers ---

/** A server in this process, on the bucket through a proxy that counts. */
async function serverOn(policy: FreshnessPolicy): Promise<{ world: World; proxy: CountingProxy }> {
  const proxy = await startCountingProxy(ceph.endpoint);
  const { source } = await openSource({
    source: { kind: "s3", bucket: ceph.bucket, prefix: "" },
    sources: [],
    timeouts: remoteTimeouts,
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
