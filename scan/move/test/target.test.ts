import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { openFolderTarget } from "../target/folder.ts";
import { openBucketTarget } from "../target/s3.ts";
import { type S3Server, startS3Server } from "./s3-server.ts";
import { describeTarget } from "./target-suite.ts";

const never = new AbortController().signal;
const hello = { bytes: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" };

const openBucket = ({ endpoint }: S3Server, more: { readonly partBytes?: number } = {}) =>
  openBucketTarget({
    ...more,
    bucket: "bucket",
    prefix: "",
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
  });

describeTarget("a folder", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "target-folder-"));
  return {
    target: await openFolderTarget(folder),
    stored: (key) => readFile(path.join(folder, key)).catch(() => undefined),
    async [Symbol.asyncDispose]() {
      expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
      await rm(folder, { recursive: true });
    },
  };
});

describeTarget("a bucket", async () => {
  const server = await startS3Server();
  return {
    target: await openBucket(server),
    stored: async (key) => server.objects.get(key),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

describeTarget("a bucket, in parts", async () => {
  const server = await startS3Server();
  return {
    target: await openBucket(server, { partBytes: 40_000 }),
    stored: async (key) => server.objects.get(key),
    async [Symbol.asyncDispose]() {
      expect(server.uploads.size).toBe(0);
      await server[Symbol.asyncDispose]();
    },
  };
});

test("an upload in parts that ended early is continued, with the parts that are the file's", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "target-"));
  await using server = await startS3Server();
  const target = await openBucket(server, { partBytes: 2 });
  let puts = 0;
  server.fault = (method) =>
    method === "PUT" && ++puts === 3 ? { status: 403, code: "AccessDenied" } : undefined;
  const file = await helloFile(folder);
  await expect(target.put("a.jpg", file, never)).rejects.toThrow("does not allow it");
  expect(server.uploads.size).toBe(0);

  const stopped = new AbortController();
  server.fault = (method) => {
    if (method === "PUT" && ++puts === 6) stopped.abort(new Error("interrupted"));
    return stopped.signal.aborted ? "cut" : undefined;
  };
  await expect(target.put("a.jpg", file, stopped.signal)).rejects.toThrow();
  const [upload] = server.uploads.values();
  expect([...(upload?.parts.keys() ?? [])]).toEqual([1, 2]);
  // Somebody else's part under a number of ours is replaced.
  upload?.parts.set(2, Buffer.from("xx"));
  server.fault = () => undefined;
  server.asked.length = 0;
  expect(await target.put("a.jpg", file, never)).toBe("stored");
  expect(server.asked.filter((line) => line === "PUT a.jpg")).toHaveLength(2);
  expect(server.objects.get("a.jpg")?.toString()).toBe("hello");
  expect(server.uploads.size).toBe(0);
  await rm(folder, { recursive: true });
});

async function helloFile(folder: string) {
  const file = path.join(folder, "hello.jpg");
  await writeFile(file, "hello");
  return { file, ...hello };
}

test("an upload is tried again when the storage is busy, or the connection ends", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "target-"));
  await using server = await startS3Server();
  const faults = [
    { status: 503, code: "SlowDown" },
    "cut",
    { status: 409, code: "ConditionalRequestConflict" },
  ] as const;
  let at = 0;
  server.fault = (method) => (method === "PUT" ? faults[at++] : undefined);
  const target = await openBucket(server);
  expect(await target.put("a.jpg", await helloFile(folder), never)).toBe("stored");
  expect(server.asked.filter((line) => line === "PUT a.jpg")).toHaveLength(4);
  expect(await target.read("a.jpg", never)).toEqual(hello);
  await rm(folder, { recursive: true });
});

test.each([
  [
    { status: 403, code: "AccessDenied" },
    "does not allow it: the key pair needs s3:PutObject and s3:GetObject for bucket/*",
  ],
  [{ status: 403, code: "SignatureDoesNotMatch" }, "correct MOVE_AWS_SECRET_ACCESS_KEY"],
  [{ status: 403, code: "InvalidAccessKeyId" }, "correct MOVE_AWS_ACCESS_KEY_ID"],
  [{ status: 404, code: "NoSuchBucket" }, 'there is no bucket "bucket" at'],
  [{ status: 301, code: "PermanentRedirect" }, "give --region"],
  [{ status: 501, code: "NotImplemented" }, "does not support If-None-Match"],
] as const)(
  "an upload that the storage answers with %o is not repeated, and says what to correct",
  async (fault, words) => {
    const folder = await mkdtemp(path.join(tmpdir(), "target-"));
    await using server = await startS3Server();
    server.fault = (method) => (method === "PUT" ? fault : undefined);
    const target = await openBucket(server);
    await expect(target.put("a.jpg", await helloFile(folder), never)).rejects.toThrow(words);
    expect(server.asked.filter((line) => line === "PUT a.jpg")).toHaveLength(1);
    await rm(folder, { recursive: true });
  },
);

test("a folder target follows no link that leads out of it", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "target-"));
  await mkdir(path.join(folder, "in"));
  await mkdir(path.join(folder, "out"));
  await symlink(path.join(folder, "out"), path.join(folder, "in/posts"));
  const target = await openFolderTarget(path.join(folder, "in"));
  await expect(target.put("posts/a.jpg", await helloFile(folder), never)).rejects.toThrow("outside of");
  await expect(target.put("../a.jpg", await helloFile(folder), never)).rejects.toThrow('"." or ".." segment');
  expect(await readdir(path.join(folder, "out"))).toEqual([]);
  await rm(folder, { recursive: true });
});
