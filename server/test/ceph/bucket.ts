import { createHash } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { inject } from "vitest";
import { ownerClient } from "../../../dev/ceph/cluster.ts";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import type { World } from "../support/world.ts";

const ceph = inject("ceph");
const owner = ownerClient(ceph);

/** Puts a photograph of a width into a bucket of the real gateway; returns its version. */
export async function putPhoto(key: string, width: number, bucket = ceph.bucket): Promise<string> {
  const body = await photo(width, width).jpeg().toBuffer();
  const { ETag } = await owner.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  return createHash("sha256")
    .update(ETag ?? "")
    .digest("hex")
    .slice(0, 10);
}

/** The executable with a source on the gateway, configured as an operator does it. */
export function startPodOn(source: string, cache: string): Promise<Pod> {
  return startPod({
    SOURCE: source,
    S3_ENDPOINT: ceph.endpoint,
    AWS_ACCESS_KEY_ID: ceph.accessKey,
    AWS_SECRET_ACCESS_KEY: ceph.secretKey,
    CACHE_DIR: cache,
    GC_INTERVAL: "0",
    COLD_BUDGET: "10000",
  });
}

export interface Asked {
  readonly status: number;
  readonly width: number | undefined;
  readonly cache: string | undefined;
  readonly age: string;
}

/** Requests an image. @throws if the answer hangs. */
export async function ask(server: World | Pod, query: string): Promise<Asked> {
  const response =
    "url" in server
      ? await fetch(`${server.url}?${query}`, { signal: AbortSignal.timeout(120_000) })
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
