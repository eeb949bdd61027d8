import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, inject, test } from "vitest";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { runCeph } from "../../dev/ceph/daemon.ts";
import { openBucketTarget } from "../move/target/s3.ts";
import { createBlog, newest, pictures, reportOf } from "../move/test/blog.ts";
import { describeTarget } from "../move/test/target-suite.ts";
import { run } from "./command.ts";

const ceph = inject("ceph");
const owner = ownerClient(ceph);

const bytesOf = async (key: string): Promise<Buffer | undefined> => {
  try {
    const { Body } = await owner.send(new GetObjectCommand({ Bucket: ceph.bucket, Key: key }));
    return Body && Buffer.from(await Body.transformToByteArray());
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchKey") return undefined;
    throw error;
  }
};

describeTarget("a bucket of a real Ceph", async () => ({
  target: await openBucketTarget({
    bucket: ceph.bucket,
    prefix: "suite/",
    endpoint: ceph.endpoint,
    region: ceph.region,
    credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
  }),
  stored: (key) => bytesOf(`suite/${key}`),
  async [Symbol.asyncDispose]() {},
}));

test("a real Ceph takes a photograph in parts, and never replaces what its key has", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "parts-"));
  const target = await openBucketTarget({
    bucket: ceph.bucket,
    prefix: "parts/",
    endpoint: ceph.endpoint,
    region: ceph.region,
    credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
    partBytes: 5 * 2 ** 20,
  });
  const local = async () => {
    const content = randomBytes(12 * 2 ** 20);
    const file = path.join(folder, "large.jpg");
    await writeFile(file, content);
    return { file, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
  };
  const never = new AbortController().signal;
  const first = await local();
  const { UploadId } = await owner.send(
    new CreateMultipartUploadCommand({ Bucket: ceph.bucket, Key: "parts/large.jpg" }),
  );
  const part = { Bucket: ceph.bucket, Key: "parts/large.jpg", UploadId };
  const Body = (await readFile(first.file)).subarray(0, 5 * 2 ** 20);
  await owner.send(new UploadPartCommand({ ...part, PartNumber: 1, Body }));
  expect(await target.put("large.jpg", first, never)).toBe("stored");
  expect(await target.read("large.jpg", never)).toEqual({ bytes: first.bytes, sha256: first.sha256 });
  expect(await target.put("large.jpg", await local(), never)).toBe("taken");
  expect(await target.read("large.jpg", never)).toHaveProperty("sha256", first.sha256);
  const open = await owner.send(new ListMultipartUploadsCommand({ Bucket: ceph.bucket, Prefix: "parts/" }));
  expect(open.Uploads ?? []).toEqual([]);
  await rm(folder, { recursive: true });
});

const page = "---\ntitle: A\n---\n";

test.runIf(newest)(
  "a blog's photographs move to a bucket; what is there stays, and wrong keys say what to correct",
  async () => {
    const [p1, p2] = await pictures(2);
    await using blog = await createBlog({
      "content/a/index.md": `${page}![](1.jpg) ![](2%20b.jpg)`,
      "content/a/1.jpg": p1 ?? "",
      "content/a/2 b.jpg": p2 ?? "",
    });
    const [, options] = blog.command();
    const [hugo] = blog.command()[0].slice(-1);
    const args = [
      "--site",
      blog.folder,
      "--bucket",
      `s3://${ceph.bucket}/blog/`,
      "--endpoint-url",
      ceph.endpoint,
      "--hugo",
      hugo ?? "hugo",
    ];
    const keys = { MOVE_AWS_ACCESS_KEY_ID: ceph.accessKey, MOVE_AWS_SECRET_ACCESS_KEY: ceph.secretKey };
    const move = (more: readonly string[], env: Readonly<Record<string, string>> = keys) =>
      run([...args, ...more], { ...options, env: { ...options.env, ...env } });

    // The server's keys are not taken instead.
    const unset = await move([], {
      AWS_ACCESS_KEY_ID: ceph.accessKey,
      AWS_SECRET_ACCESS_KEY: ceph.secretKey,
    });
    expect([unset.code, unset.stderr]).toEqual([2, expect.stringContaining("set MOVE_AWS_ACCESS_KEY_ID")]);
    const secret = "a-wrong-secret-word";
    const refused = await move([], { ...keys, MOVE_AWS_SECRET_ACCESS_KEY: secret });
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("correct MOVE_AWS_SECRET_ACCESS_KEY"),
    ]);
    expect(refused.stderr + refused.stdout).not.toContain(secret);
    await runCeph(
      ceph.folder,
      "radosgw-admin",
      "user",
      "create",
      "--uid=reader",
      "--display-name=r",
      "--access-key=READERSKEY",
      "--secret-key=readers",
    );
    const reader = await move([], {
      MOVE_AWS_ACCESS_KEY_ID: "READERSKEY",
      MOVE_AWS_SECRET_ACCESS_KEY: "readers",
    });
    expect([reader.code, reader.stderr]).toEqual([
      2,
      expect.stringContaining("the key pair needs s3:PutObject and s3:GetObject for photos/blog/*"),
    ]);
    const nowhere = await move(["--bucket", "s3://no-such-bucket"]);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      expect.stringContaining('there is no bucket "no-such-bucket"'),
    ]);

    await owner.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: "blog/a/1.jpg", Body: "another" }));
    const conflict = await move(["--apply", "--json"]);
    expect(conflict.code).toBe(1);
    expect(reportOf(conflict).problems).toEqual([
      { file: "content/a/1.jpg", message: expect.stringContaining("was not replaced") },
    ]);
    expect((await bytesOf("blog/a/1.jpg"))?.toString()).toBe("another");
    expect(blog.git("status", "--porcelain")).toBe("");

    await owner.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: "blog/a/1.jpg", Body: p1 ?? "" }));
    const applied = await move(["--apply", "--json"]);
    expect([applied.code, applied.stderr]).toEqual([0, ""]);
    expect(reportOf(applied).moved.map(({ key, stored }) => ({ key, stored }))).toEqual([
      { key: "a/1.jpg", stored: false },
      { key: "a/2 b.jpg", stored: false },
    ]);
    expect(await bytesOf("blog/a/2 b.jpg")).toEqual(p2);
    const { ContentType } = await owner.send(
      new GetObjectCommand({ Bucket: ceph.bucket, Key: "blog/a/2 b.jpg" }),
    );
    expect(ContentType).toBe("image/jpeg");
    expect((await blog.files())["content/a/index.md"]).toBe(`${page}![](a/1.jpg) ![](a/2%20b.jpg)`);
  },
);
