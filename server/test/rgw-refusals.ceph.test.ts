import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { rgwOf, startDaemon, stopDaemon, until } from "../../dev/ceph/daemon.ts";
import { freePort } from "../../dev/ports.ts";
import { createS3Source, type S3Options } from "../source/s3.ts";

const ceph = inject("ceph");
const never = new AbortController().signal;
const options: S3Options = {
  bucket: ceph.bucket,
  prefix: "",
  endpoint: ceph.endpoint,
  forcePathStyle: true,
  region: ceph.region,
  credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
};

test("a gateway that finds our clock wrong is a failure, not a missing photograph", async () => {
  const source = await createS3Source(options);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  await expect(source.open("any.jpg", never)).rejects.toMatchObject({
    code: "source-failed",
    cause: { name: "RequestTimeTooSkewed" },
  });
});

test("a gateway with more to do than it may is busy, and answers when it has less", async () => {
  const gateway = await gatewayFor(1);
  await ownerClient(ceph).send(
    new PutObjectCommand({ Bucket: ceph.bucket, Key: "long.jpg", Body: Buffer.alloc(100_000_000) }),
  );
  const source = await createS3Source({ ...options, endpoint: gateway });
  // Read from no further: the gateway has its one request for as long as we like.
  const { body } = await source.open("long.jpg", never);
  await expect(source.open("long.jpg", never)).rejects.toMatchObject({
    code: "source-busy",
    cause: { name: "SlowDown" },
  });
  // HEAD has no body to name it.
  await expect(source.stat("long.jpg", never)).rejects.toMatchObject({ code: "source-busy" });
  await body.cancel();
  await until("the gateway", 30, async () => {
    expect((await source.stat("long.jpg", never)).bytes).toBe(100_000_000);
  });
});

/** Another gateway of the same cluster that takes so many requests at once; returns its endpoint. */
async function gatewayFor(requests: number): Promise<string> {
  const endpoint = `http://127.0.0.1:${(await freePort()).port}`;
  const { args, ...gateway } = rgwOf({ endpoint });
  const limit = `--rgw-max-concurrent-requests=${requests}`;
  await startDaemon(ceph.folder, { ...gateway, name: "rgw-busy", args: [...args, limit] });
  onTestFinished(() => stopDaemon(ceph.folder, "rgw-busy"));
  await until("the gateway", 60, async () => void (await fetch(endpoint)));
  return endpoint;
}
