import { readFileSync } from "node:fs";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { beforeAll, expect, inject, test } from "vitest";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { runCeph } from "../../dev/ceph/daemon.ts";
import { Problem } from "../../server/errors.ts";
import { createS3Source } from "../../server/source/remote/s3.ts";

const bucket = "photographs";
const ceph = inject("ceph");
const owner = ownerClient(ceph);
const signal = new AbortController().signal;
const folder = new URL("../overlays/rook-ceph/", import.meta.url);
const credentials = { accessKeyId: "READER", secretAccessKey: "reader-secret" };
const reader = new S3Client({
  endpoint: ceph.endpoint,
  region: ceph.region,
  forcePathStyle: true,
  credentials,
});

/** The user that Rook creates from object-store-user.yaml, and the policy that the bucket's owner sets from bucket-policy.json. */
beforeAll(async () => {
  const keys = [`--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`];
  const user = ["--uid=imgproxy-lite", "--display-name=reader", "--op-mask=read"];
  await runCeph(ceph.folder, "radosgw-admin", "user", "create", ...user, ...keys);
  for (const Bucket of [bucket, "diaries"]) {
    await owner.send(new CreateBucketCommand({ Bucket }));
    await owner.send(new PutObjectCommand({ Bucket, Key: "worms.jpg", Body: "photo" }));
  }
  const Policy = readFileSync(new URL("bucket-policy.json", folder), "utf8");
  await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
});

test("the user of the bucket is the one that the manifest creates, and can only read", () => {
  const manifest = readFileSync(new URL("object-store-user.yaml", folder), "utf8");
  expect(manifest).toContain("opMask: [read]");
  expect(manifest).toContain("name: imgproxy-lite");
});

test("the server reads the photographs with it, and distinguishes a missing one from a forbidden one", async () => {
  const source = await createS3Source({
    bucket,
    prefix: "",
    endpoint: ceph.endpoint,
    forcePathStyle: true,
    region: ceph.region,
    credentials,
  });
  expect((await source.stat("worms.jpg", signal)).bytes).toBe(5);
  const absent = await source.stat("none.jpg", signal).catch((error: unknown) => error);
  expect(absent).toBeInstanceOf(Problem);
  expect(absent).toMatchObject({ code: "source-absent" });
});

test("the user of the bucket can neither write, nor delete, nor read another bucket, nor make this one public", async () => {
  const forbidden = [
    () => reader.send(new PutObjectCommand({ Bucket: bucket, Key: "evil.jpg", Body: "x" })),
    () => reader.send(new PutObjectCommand({ Bucket: bucket, Key: "worms.jpg", Body: "x" })),
    () => reader.send(new DeleteObjectCommand({ Bucket: bucket, Key: "worms.jpg" })),
    () => reader.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: "{}" })),
    () => reader.send(new GetObjectCommand({ Bucket: "diaries", Key: "worms.jpg" })),
  ];
  for (const attempt of forbidden)
    await expect(attempt()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  const kept = await owner.send(new GetObjectCommand({ Bucket: bucket, Key: "worms.jpg" }));
  expect(await kept.Body?.transformToString()).toBe("photo");
  expect((await reader.send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
});
