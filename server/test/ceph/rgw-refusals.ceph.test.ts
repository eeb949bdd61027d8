import { PutObjectCommand, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { ownerClient } from "../../../dev/ceph/cluster.ts";
import { rgwOf, startDaemon, stopDaemon, until } from "../../../dev/ceph/daemon.ts";
import { freePort } from "../../../dev/machine/ports.ts";
import { confirmAbsence } from "../../source/confirm-absence.ts";
import { createS3Source, type S3Options } from "../../source/remote/s3.ts";
import type { Source } from "../../source/source.ts";

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

test("a gateway that refuses the server's clock is a failure, not a missing photograph", async () => {
  const source = await createS3Source(options);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  await expect(source.open("any.jpg", never)).rejects.toMatchObject({
    code: "source-misconfigured",
    storage: "403 RequestTimeTooSkewed",
  });
});

test("an overloaded gateway is reported as busy, and used again when it has less to do", async () => {
  const gateway = await gatewayWith("rgw-busy", "--rgw-max-concurrent-requests=1");
  await ownerClient(ceph).send(
    new PutObjectCommand({ Bucket: ceph.bucket, Key: "long.jpg", Body: Buffer.alloc(100_000_000) }),
  );
  const source = await createS3Source({ ...options, endpoint: gateway });
  // The body is not read further, so the gateway stays busy with its only request.
  const { body } = await source.open("long.jpg", never);
  await expect(source.open("long.jpg", never)).rejects.toMatchObject({
    code: "source-busy",
    cause: { name: "SlowDown" },
  });
  // HEAD has no body with the error code.
  await expect(source.stat("long.jpg", never)).rejects.toMatchObject({ code: "source-busy" });
  body.cancel();
  await until("the gateway", async () => {
    expect((await source.stat("long.jpg", never)).bytes).toBe(100_000_000);
  });
});

test("an object with its owner's key, or with a lost key, is withheld, and others are not affected", async () => {
  const encrypting = [
    "--rgw-crypt-require-ssl=false",
    "--rgw-crypt-s3-kms-backend=testing",
    `--rgw-crypt-s3-kms-encryption-keys=here=${Buffer.alloc(32, 1).toString("base64")}`,
  ];
  const gateway = await gatewayWith("rgw-crypt", ...encrypting);
  const owner = ownerClient({ ...ceph, endpoint: gateway });
  const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
    owner.send(new PutObjectCommand({ Bucket: ceph.bucket, Key, Body: "photo", ...more }));
  const key = Buffer.alloc(32, 2);
  await put("plain.jpg");
  await put("customer.jpg", { SSECustomerAlgorithm: "AES256", SSECustomerKey: key.toString("base64") });
  await put("kms.jpg", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "here" });
  const source = confirmAbsence(await createS3Source({ ...options, endpoint: gateway }));
  expect((await source.open("kms.jpg", never)).bytes).toBe(5);
  const withheld = async (from: Source, name: string, storage: string) => {
    const fault = { code: "withheld-source", storage, detail: expect.stringContaining("encrypted") };
    await expect(from.stat(name, never)).rejects.toMatchObject(fault);
    await expect(from.open(name, never)).rejects.toMatchObject(fault);
    expect((await from.stat("plain.jpg", never)).bytes).toBe(5);
  };
  await withheld(source, "customer.jpg", "400 InvalidArgument");

  // The same objects from a gateway that has lost the key.
  const forgetful = await gatewayWith("rgw-lost", ...encrypting.slice(0, 2));
  const lost = confirmAbsence(await createS3Source({ ...options, endpoint: forgetful }));
  await withheld(lost, "kms.jpg", "403 InvalidAccessKeyId");
});

/** Another gateway of the same cluster, with options; returns its endpoint. */
async function gatewayWith(name: string, ...more: readonly string[]): Promise<string> {
  const endpoint = `http://127.0.0.1:${(await freePort()).port}`;
  const { args, ...gateway } = rgwOf({ endpoint });
  await startDaemon(ceph.folder, { ...gateway, name, args: [...args, ...more] });
  onTestFinished(() => stopDaemon(ceph.folder, name));
  await until("the gateway", async () => void (await fetch(endpoint)));
  return endpoint;
}
