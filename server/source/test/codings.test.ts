import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();

const svg = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><!--${" ".repeat(500)}--></svg>`,
);
let jpeg: Buffer;

/** The objects of a bucket, as its clients stored them. */
const objects = new Map<string, { readonly body: Buffer; readonly headers: OutgoingHttpHeaders }>();
const put = (key: string, body: Buffer, headers: OutgoingHttpHeaders = {}, length = true) =>
  objects.set(key, { body, headers: { ...headers, ...(length && { "content-length": body.length }) } });

let pod: Pod;
let asked = 0;
beforeAll(async () => {
  jpeg = await photo(300, 200).jpeg().toBuffer();
  const bucket = createServer((request, response) => {
    asked++;
    const found = objects.get(request.url?.slice(1) ?? "");
    if (found === undefined) return void response.writeHead(404).end();
    const { body, headers } = found;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part = first === undefined ? body : body.subarray(Number(first), Number(last) + 1);
    const range = {
      "content-length": part.length,
      "content-range": `bytes ${first}-${Number(first) + part.length - 1}/${headers["content-length"] ?? "*"}`,
    };
    response.writeHead(first === undefined ? 200 : 206, {
      etag: '"of-the-stored-bytes"',
      ...headers,
      ...(first !== undefined && range),
    });
    if (request.method === "HEAD") return void response.end();
    response.write(part.subarray(0, 10));
    response.end(part.subarray(10));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => bucket.once("listening", resolve));
  atEnd(() => {
    bucket.closeAllConnections();
    bucket.close();
  });
  const { port } = bucket.address() as AddressInfo;
  pod = await startPod(
    {
      SOURCE: `http://127.0.0.1:${port}/`,
      CACHE_DIR: join(await temporaryFolder(atEnd), "cache"),
      GC_INTERVAL: "0",
      MAX_SOURCE_BYTES: "1MiB",
      ENCODERS: "1",
    },
    undefined,
    atEnd,
  );
});

const get = (query: string, init?: RequestInit) => fetch(`${pod.url}?${query}`, init);

async function expectWhole(key: string, whole: Buffer): Promise<void> {
  const original = await get(`img=${key}`);
  expect([key, original.status, original.headers.get("content-encoding")]).toEqual([key, 200, null]);
  expect([key, Buffer.from(await original.arrayBuffer()).equals(whole)]).toEqual([key, true]);
  const head = await get(`img=${key}`, { method: "HEAD" });
  expect([key, head.headers.get("content-length")]).toEqual([key, String(whole.length)]);
  const part = await get(`img=${key}`, { headers: { range: "bytes=5-24" } });
  expect([key, part.status, part.headers.get("content-range")]).toEqual([
    key,
    206,
    `bytes 5-24/${whole.length}`,
  ]);
  expect([key, Buffer.from(await part.arrayBuffer()).equals(whole.subarray(5, 25))]).toEqual([key, true]);
  const info = await get(`img=${key}&fm=json`);
  expect([key, info.status]).toEqual([key, 200]);
  expect(await info.json()).toMatchObject({ bytes: whole.length });
}

describe("an object whose Content-Encoding", () => {
  test.each([
    ["is what an upload in signed pieces leaves", "aws-chunked"],
    ["is empty", ""],
    ["is a charset", "utf-8"],
    ["is none", "identity"],
    ["is none, twice", "aws-chunked, utf-8"],
    ["says gzip and is a lie", "gzip"],
  ])("an object whose Content-Encoding %s is served as it is stored", async (name, encoding) => {
    const key = `plain-${name.replaceAll(/\W/g, "-")}.jpg`;
    put(key, jpeg, { "content-encoding": encoding });
    await expectWhole(key, jpeg);
    const made = await get(`img=${key}&q=50&w=100&fm=jpg`);
    expect((await sharp(await made.arrayBuffer()).metadata()).width).toBe(100);
  });

  test.each([
    ["gzip", gzipSync(svg)],
    ["x-gzip", gzipSync(svg)],
    ["br", brotliCompressSync(svg)],
    ["deflate", deflateSync(svg)],
    ["deflate", deflateRawSync(svg)],
    ["aws-chunked,gzip", gzipSync(svg)],
    ["gzip, aws-chunked", gzipSync(svg)],
    ["gzip, br", brotliCompressSync(gzipSync(svg))],
    ["GZIP , gzip", gzipSync(gzipSync(svg))],
  ])("an object whose Content-Encoding is %s is served decoded", async (encoding, body) => {
    const key = `${encoding.replaceAll(/\W/g, "-")}-${body.length}.svg`;
    put(key, body, { "content-encoding": encoding });
    await expectWhole(key, svg);
    expect(await (await get(`img=${key}&q=50&w=100`)).text()).toBe(svg.toString());
  });

  test("an object with Content-Encoding: gzip is a photograph with variants", async () => {
    put("photo.jpg", gzipSync(jpeg), { "content-encoding": "gzip" });
    await expectWhole("photo.jpg", jpeg);
    const made = await get("img=photo.jpg&q=50&w=100&fm=jpg");
    expect((await sharp(await made.arrayBuffer()).metadata()).width).toBe(100);
  });

  test("an object with another Content-Encoding, or with a wrong one, is refused with a message that says why", async () => {
    put("odd.svg", svg, { "content-encoding": "compress" });
    put("broken.svg", Buffer.from("no brotli at all"), { "content-encoding": "br" });
    put("cut.svg", gzipSync(svg).subarray(0, 40), { "content-encoding": "gzip" });
    put("bomb.svg", gzipSync(Buffer.alloc(64 * 2 ** 20, 32)), { "content-encoding": "gzip" });
    for (const [key, words] of [
      ["odd.svg", "Content-Encoding: compress, which this server does not decode"],
      ["broken.svg", "Content-Encoding: br, and cannot be decoded as that"],
      ["cut.svg", "Content-Encoding: gzip, and cannot be decoded as that"],
      ["bomb.svg", "more than 1048576 bytes (MAX_SOURCE_BYTES)"],
    ] as const)
      for (const query of [`img=${key}`, `img=${key}&q=50`, `img=${key}&fm=json`]) {
        const response = await get(query);
        expect([query, response.status]).toEqual([query, 422]);
        expect(await response.text()).toContain(words);
      }
  });

  test("the length of an object with a Content-Encoding is computed once", async () => {
    put("asked.svg", gzipSync(svg), { "content-encoding": "gzip" });
    await get("img=asked.svg", { method: "HEAD" });
    const before = asked;
    await get("img=asked.svg", { method: "HEAD" });
    expect(asked - before).toBe(1);
  });
});

test("a .svgz is served as its SVG, whether or not its Content-Encoding is set", async () => {
  put("named.svgz", gzipSync(svg));
  put("both.SVGZ", gzipSync(svg), { "content-encoding": "gzip" });
  put("not-even.svgz", svg);
  for (const key of ["named.svgz", "both.SVGZ", "not-even.svgz"]) {
    await expectWhole(key, svg);
    const response = await get(`img=${key}`);
    expect(response.headers.get("content-type")).toBe("image/svg+xml");
    expect(response.headers.get("content-disposition")).toContain('.svg"');
  }
});

test("an object without a length is read up to MAX_SOURCE_BYTES", async () => {
  put("unknown.jpg", jpeg, {}, false);
  put("unknown.svg", gzipSync(svg), { "content-encoding": "gzip" }, false);
  put("unknown-large.jpg", Buffer.concat([jpeg, Buffer.alloc(2 ** 20)]), {}, false);
  await expectWhole("unknown.jpg", jpeg);
  await expectWhole("unknown.svg", svg);
  const made = await get("img=unknown.jpg&q=50&w=100&fm=jpg");
  expect((await sharp(await made.arrayBuffer()).metadata()).width).toBe(100);
  const large = await get("img=unknown-large.jpg&q=50");
  expect([large.status, await large.text()]).toEqual([422, expect.stringContaining("MAX_SOURCE_BYTES")]);
});
