import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, inject, test } from "vitest";
import { ownerClient } from "../ceph/cluster.ts";
import { rgwOf, signalDaemon, startDaemon, stopDaemon, until } from "../ceph/daemon.ts";
import { mountCephfs } from "../ceph/mount.ts";

const ceph = inject("ceph");

test("the gateway returns an object as it was put", async () => {
  const client = ownerClient(ceph);
  await client.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: "a b+c%.txt", Body: "whole" }));
  const { Body } = await client.send(new GetObjectCommand({ Bucket: ceph.bucket, Key: "a b+c%.txt" }));
  expect(await Body?.transformToString()).toBe("whole");
});

test("anyone can read the public bucket, and gets 403 for a missing key", async () => {
  const client = ownerClient(ceph);
  await client.send(new PutObjectCommand({ Bucket: ceph.publicBucket, Key: "open.txt", Body: "open" }));
  const read = (key: string): Promise<Response> => fetch(`${ceph.endpoint}/${ceph.publicBucket}/${key}`);
  expect(await (await read("open.txt")).text()).toBe("open");
  expect((await read("absent.txt")).status).toBe(403);
  expect((await fetch(`${ceph.endpoint}/${ceph.bucket}/probe`)).status).toBe(403);
});

test("a killed gateway is back with its objects", async () => {
  await stopDaemon(ceph.folder, "rgw");
  expect(signalDaemon(ceph.folder, "rgw", "SIGCONT")).toBe(false);
  await expect(fetch(ceph.endpoint)).rejects.toThrow();
  await startDaemon(ceph.folder, rgwOf(ceph));
  await until("the gateway", async () => {
    const { Body } = await ownerClient(ceph).send(
      new GetObjectCommand({ Bucket: ceph.bucket, Key: "probe" }),
    );
    expect(await Body?.transformToString()).toBe("probe");
  });
});

test("two mounts are two clients of one file system", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mounts-"));
  const one = await mountCephfs(ceph.folder, join(folder, "one"));
  const two = await mountCephfs(ceph.folder, join(folder, "two"));
  try {
    await writeFile(join(one.folder, "note"), "seen");
    expect(await readFile(join(two.folder, "note"), "utf8")).toBe("seen");
  } finally {
    await one.unmount();
    await two.unmount();
  }
});
