import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { expect, inject, test } from "vitest";
import { ownerClient } from "../../../dev/ceph/cluster.ts";
import { photo } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startPodOn } from "./bucket.ts";

const ceph = inject("ceph");
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>');

test("objects as clients store them in a bucket of RGW are served, over S3 and over the public address", async () => {
  const jpeg = await photo(300, 200).jpeg().toBuffer();
  const owner = ownerClient(ceph);
  for (const bucket of [ceph.bucket, ceph.publicBucket]) {
    const put = (key: string, body: Buffer, encoding: string) =>
      owner.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentEncoding: encoding }));
    expect(await putInSignedPieces(bucket, "streamed.jpg", jpeg)).toBe(200);
    await put("photo.jpg", jpeg, "utf-8");
    await put("deployed.svg", gzipSync(svg), "gzip");
    await put("streamed.svg", gzipSync(svg), "aws-chunked,gzip");
    await put("named.svgz", gzipSync(svg), "");
  }
  for (const source of [`s3://${ceph.bucket}`, `${ceph.endpoint}/${ceph.publicBucket}/`]) {
    const pod = await startPodOn(source, join(await temporaryFolder(), "cache"));
    const get = async (query: string, init?: RequestInit) => {
      const response = await fetch(`${pod.url}?${query}`, init);
      expect([source, query, response.status]).toEqual([source, query, init?.headers ? 206 : 200]);
      return Buffer.from(await response.arrayBuffer());
    };
    for (const key of ["streamed.jpg", "photo.jpg"]) {
      expect((await get(`img=${key}`)).equals(jpeg)).toBe(true);
      expect((await sharp(await get(`img=${key}&q=50&w=100&fm=jpg`)).metadata()).width).toBe(100);
    }
    for (const key of ["deployed.svg", "streamed.svg", "named.svgz"]) {
      expect((await get(`img=${key}`)).equals(svg)).toBe(true);
      expect((await get(`img=${key}&q=50`)).equals(svg)).toBe(true);
      expect((await get(`img=${key}`, { headers: { range: "bytes=1-3" } })).toString()).toBe("svg");
      expect(JSON.parse(String(await get(`img=${key}&fm=json`)))).toMatchObject({
        width: 30,
        bytes: svg.length,
      });
    }
    await pod.stop();
  }
});

/**
 * A PUT as minio-go and the Java SDK do it over http: pieces with a signature each (AWS Signature Version 4, "Signature
 * calculations for the authorization header: transferring payload in multiple chunks"). @returns the status.
 */
function putInSignedPieces(bucket: string, key: string, body: Buffer): Promise<number> {
  const { host, port, hostname } = new URL(ceph.endpoint);
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${ceph.region}/s3/aws4_request`;
  const path = `/${bucket}/${key}`;
  const pieces = [body, Buffer.alloc(0)];
  const lineOf = (piece: Buffer, signature: string) =>
    `${piece.length.toString(16)};chunk-signature=${signature}\r\n`;
  const length = pieces.reduce(
    (sum, piece) => sum + lineOf(piece, "0".repeat(64)).length + piece.length + 2,
    0,
  );
  const headers: Record<string, string> = {
    "content-encoding": "aws-chunked",
    "content-length": String(length),
    host,
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "x-amz-date": time,
    "x-amz-decoded-content-length": String(body.length),
  };
  const signed = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ["PUT", path, "", lines.join(""), signed, headers["x-amz-content-sha256"]].join("\n");
  const key4 = scope
    .split("/")
    .reduce<string | Buffer>((secret, word) => hmac(secret, word), `AWS4${ceph.secretKey}`);
  const sign = (...words: string[]) => hmac(key4, words.join("\n")).toString("hex");
  let signature = sign("AWS4-HMAC-SHA256", time, scope, sha256(canonical));
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${ceph.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  const payload = pieces.map((piece) => {
    signature = sign("AWS4-HMAC-SHA256-PAYLOAD", time, scope, signature, sha256(""), sha256(piece));
    return Buffer.concat([Buffer.from(lineOf(piece, signature)), piece, Buffer.from("\r\n")]);
  });
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: "PUT", headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end(Buffer.concat(payload));
  });
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
