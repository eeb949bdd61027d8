import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { ownerClient } from "../../../dev/ceph/cluster.ts";
import { rgwOf, signalDaemon, startDaemon, stopDaemon, until } from "../../../dev/ceph/daemon.ts";
import { Problem } from "../../errors.ts";
import { readWhole } from "../../source/body.ts";
import { confirmAbsence } from "../../source/confirm-absence.ts";
import { siblingsFrom } from "../../source/list/siblings.ts";
import { createHttpSource } from "../../source/remote/http.ts";
import { createS3Source, type S3Options } from "../../source/remote/s3.ts";
import { remoteTimeouts } from "../../source/remote/timeouts.ts";
import type { Source, SourceObject } from "../../source/source.ts";
import { expectListing } from "../../source/test/listing.ts";
import { describeSource } from "../../source/test/source-suite.ts";

const ceph = inject("ceph");
const owner = ownerClient(ceph);
const signal = new AbortController().signal;
const options: S3Options = {
  bucket: ceph.bucket,
  prefix: "",
  endpoint: ceph.endpoint,
  forcePathStyle: true,
  region: ceph.region,
  credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
};
const publicBase = new URL(`${ceph.endpoint}/${ceph.publicBucket}/`);
const put = (bucket: string, prefix: string) => async (key: string, body: Uint8Array) =>
  void (await owner.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + key, Body: body })));
const remove = (bucket: string, prefix: string) => async (key: string) =>
  void (await owner.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + key })));
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof Problem ? error.code : error),
  );

describeSource("a bucket of RGW", async () => ({
  source: await createS3Source(options),
  put: put(ceph.bucket, ""),
  remove: remove(ceph.bucket, ""),
  close: async () => undefined,
}));

describeSource(
  "a bucket of RGW below a prefix",
  async () => ({
    source: await createS3Source({ ...options, prefix: "photos of/2026/" }),
    put: put(ceph.bucket, "photos of/2026/"),
    remove: remove(ceph.bucket, "photos of/2026/"),
    close: async () => undefined,
  }),
  ["long keys"],
);

describeSource("a public bucket of RGW over HTTP", async () => ({
  source: createHttpSource(publicBase),
  put: put(ceph.publicBucket, ""),
  remove: remove(ceph.publicBucket, ""),
  close: async () => undefined,
}));

describe("RGW", () => {
  test("RGW lists the siblings of a missing key, below the source's prefix and no deeper", async () => {
    const prefix = "beside/";
    for (const key of ["a.jpg", "trips/b.jpg", "trips/c d.jpg", "trips/deep/e.jpg"])
      await put(ceph.bucket, prefix)(key, Buffer.from("photo"));
    const neighbours = siblingsFrom((await createS3Source({ ...options, prefix })).list);
    expect(await neighbours("x.jpg", signal)).toEqual(["a.jpg"]);
    expect(await neighbours("trips/x.jpg", signal)).toEqual(["trips/b.jpg", "trips/c d.jpg"]);
    expect(await neighbours("Trips/x.jpg", signal)).toEqual([
      ...["a.jpg", "trips/b.jpg", "trips/c d.jpg", "trips/deep/e.jpg"],
    ]);
    const refused = await createS3Source({
      ...options,
      credentials: { accessKeyId: "x", secretAccessKey: "y" },
    });
    await expect(siblingsFrom(refused.list)("x.jpg", signal)).rejects.toThrow();
  });

  test("RGW lists page by page, in the order of bytes, and never beyond the source's prefix", async () => {
    const all = ["A.jpg", "a b.jpg", "a.jpg", "a/1.jpg", "a/2.jpg", "a/b/3.jpg", "é.jpg", "日本/4.jpg"];
    for (const key of [...all, "a/"]) await put(ceph.bucket, "listed/")(key, Buffer.from("photo"));
    await put(ceph.bucket, "listed-not/")("secret.jpg", Buffer.from("photo"));
    const { list } = await createS3Source({ ...options, prefix: "listed/" });
    await expectListing(list, all);
    const refused = await createS3Source({ ...options, bucket: "no-such-bucket" });
    expect(await codeOf(refused.list({ folder: "", deep: false, most: 5 }, signal))).toBe(
      "source-misconfigured",
    );
  });

  test("RGW with a wrong key pair or bucket is a failure, never a missing photograph", async () => {
    for (const wrong of [
      { bucket: "no-such-bucket" },
      { credentials: { accessKeyId: ceph.accessKey, secretAccessKey: "wrong" } },
      { credentials: { accessKeyId: "NOBODY", secretAccessKey: ceph.secretKey } },
    ]) {
      const source = await createS3Source({ ...options, ...wrong });
      expect(await codeOf(source.stat("any", signal))).toBe("source-misconfigured");
      expect(await codeOf(source.open("any", signal))).toBe("source-misconfigured");
    }
  });

  test("RGW with a public bucket that was closed is a failure, not many missing photographs", async () => {
    await put(ceph.publicBucket, "")("there", Buffer.from("x"));
    const source = confirmAbsence(createHttpSource(publicBase));
    await source.stat("there", signal);
    expect(await codeOf(source.stat("absent", signal))).toBe("source-absent");
  });
});

describe("a faulty gateway", () => {
  beforeAll(async () => {
    for (const bucket of [ceph.bucket, ceph.publicBucket]) await put(bucket, "")("size/1", Buffer.from("x"));
  });
  afterEach(async () => {
    if (!signalDaemon(ceph.folder, "rgw", "SIGCONT")) await startDaemon(ceph.folder, rgwOf(ceph));
    await answered(await createS3Source(options));
  });
  /** For a gateway that does not answer; an honest one on a busy machine can need longer, and is asked again. */
  const hasty = { ...remoteTimeouts, silence: 500 };
  const answered = (source: Source): Promise<void> =>
    until("the gateway", async () => {
      await source.stat("size/1", signal);
    });

  test("a gateway that is suspended before it answers times out, and answers again when it continues", async () => {
    const sources = [await createS3Source(options, hasty), createHttpSource(publicBase, hasty)];
    for (const source of sources) await answered(source);
    signalDaemon(ceph.folder, "rgw", "SIGSTOP");
    for (const source of sources) {
      expect(await codeOf(source.stat("size/1", signal))).toBe("source-timeout");
      expect(await codeOf(source.open("size/1", signal))).toBe("source-timeout");
    }
    signalDaemon(ceph.folder, "rgw", "SIGCONT");
    for (const source of sources) await answered(source);
  });

  test("a gateway that is suspended in the middle of a body times out: half a photograph is not used", async () => {
    const large = Buffer.alloc(40_000_000, 7);
    await put(ceph.bucket, "")("middle", large);
    await put(ceph.publicBucket, "")("middle", large);
    for (const source of [await createS3Source(options, hasty), createHttpSource(publicBase, hasty)]) {
      const opened: SourceObject[] = [];
      await until("the gateway", async () => void opened.push(await source.open("middle", signal)));
      for (const { body, bytes } of opened) {
        const reading = readWhole(body, bytes, () => {
          signalDaemon(ceph.folder, "rgw", "SIGSTOP");
          return true;
        });
        expect(await codeOf(reading)).toBe("source-timeout");
      }
      signalDaemon(ceph.folder, "rgw", "SIGCONT");
    }
  });

  test("a gateway that is killed is a failure, and its replacement is used at once", async () => {
    const source = await createS3Source(options, hasty);
    await answered(source);
    await stopDaemon(ceph.folder, "rgw");
    // Refused at once or, on a busy machine, without an answer in half a second.
    expect(await codeOf(source.stat("size/1", signal))).toMatch(/^source-(failed|timeout)$/);
    await startDaemon(ceph.folder, rgwOf(ceph));
    await answered(source);
  });
});
