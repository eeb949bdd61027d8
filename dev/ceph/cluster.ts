import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { freePort } from "../machine/ports.ts";
import { cephConf } from "./conf.ts";
import { type Ceph, confOf, type Daemon, rgwOf, runCeph, startDaemon, stopDaemon, until } from "./daemon.ts";

/** Debian's packages with the programs. */
export const needs = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common", "ceph-mds", "ceph-fuse"];

/**
 * Starts a cluster of one node in an empty folder: S3 with two buckets, and a CephFS if requested. It takes 5 to 8 seconds,
 * needs no root, and listens on loopback.
 * @throws Error with the step that failed; the folder has the daemons' logs.
 */
export async function startCeph(folder: string, options: { readonly cephfs: boolean }): Promise<Ceph> {
  for (const name of ["mon", "osd", "rgw"]) await mkdir(join(folder, name), { recursive: true });
  const ceph: Ceph = {
    folder,
    endpoint: `http://127.0.0.1:${(await freePort()).port}`,
    region: "us-east-1",
    accessKey: "TESTACCESSKEY",
    secretKey: "test-secret-key",
    bucket: "photos",
    publicBucket: "photos-public",
  };
  try {
    await createStore(folder);
    await createUser(ceph);
    await startDaemon(folder, rgwOf(ceph));
    if (options.cephfs) await createFileSystem(folder);
    await createBuckets(ceph);
    return ceph;
  } catch (cause) {
    await stopCeph(ceph);
    throw cause;
  }
}

/** Stops every daemon and deletes the folder. Unmount clients before. */
export async function stopCeph(ceph: Pick<Ceph, "folder">): Promise<void> {
  for (const name of ["rgw", "mds", "osd", "mon"]) await stopDaemon(ceph.folder, name);
  await rm(ceph.folder, { recursive: true, force: true });
}

/** An S3 client with the rights of the cluster's owner, for tests that put objects. */
export function ownerClient(ceph: Ceph): S3Client {
  return new S3Client({
    endpoint: ceph.endpoint,
    region: ceph.region,
    forcePathStyle: true,
    credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
}

// --- steps ---

const mon: Daemon = { name: "mon", command: "ceph-mon", args: ["-i", "a"] };
const osd: Daemon = { name: "osd", command: "ceph-osd", args: ["-i", "0"] };
const mds: Daemon = { name: "mds", command: "ceph-mds", args: ["-i", "a"] };

async function createStore(folder: string): Promise<void> {
  const [fsid, osdId, port] = [randomUUID(), randomUUID(), (await freePort()).port];
  const map = join(folder, "monmap");
  await writeFile(confOf(folder), cephConf(folder, fsid, port));
  await runCeph(
    folder,
    "monmaptool",
    ...["--create", "--fsid", fsid, "--enable-all-features", "--addv", "a", `[v2:127.0.0.1:${port}/0]`, map],
  );
  await runCeph(folder, "ceph-mon", "-i", "a", "--mkfs", "--monmap", map);
  await startDaemon(folder, mon);
  await runCeph(folder, "ceph", "osd", "new", osdId, "0");
  await runCeph(folder, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osdId);
  await startDaemon(folder, osd);
}

async function createUser(ceph: Ceph): Promise<void> {
  const keys = [`--access-key=${ceph.accessKey}`, `--secret-key=${ceph.secretKey}`];
  await runCeph(ceph.folder, "radosgw-admin", "user", "create", "--uid=test", "--display-name=test", ...keys);
}

async function createFileSystem(folder: string): Promise<void> {
  await mkdir(join(folder, "mds"), { recursive: true });
  await startDaemon(folder, mds);
  for (const pool of ["cephfs.meta", "cephfs.data"])
    await runCeph(folder, "ceph", "osd", "pool", "create", pool);
  await runCeph(folder, "ceph", "fs", "new", "cephfs", "cephfs.meta", "cephfs.data");
}

async function createBuckets(ceph: Ceph): Promise<void> {
  const client = ownerClient(ceph);
  const { bucket, publicBucket } = ceph;
  try {
    await until(`S3 at ${ceph.endpoint}`, async () => {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      await client.send(new CreateBucketCommand({ Bucket: publicBucket }));
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: "probe", Body: "probe" }));
      await client.send(new GetObjectCommand({ Bucket: bucket, Key: "probe" }));
    });
    await client.send(new PutBucketPolicyCommand({ Bucket: publicBucket, Policy: readable(publicBucket) }));
  } finally {
    client.destroy();
  }
}

function readable(bucket: string): string {
  const statement = {
    Effect: "Allow",
    Principal: "*",
    Action: ["s3:GetObject"],
    Resource: [`arn:aws:s3:::${bucket}/*`],
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}
