import { rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { sign } from "../../../contract/url/signature.ts";
import type { Variant } from "../../cache/cache.ts";
import { Problem } from "../../errors.ts";
import { remotePolicy } from "../../http/freshness.ts";
import { put } from "../../published/test/sets.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";

let world: World;
let base: URL;

const open = async (options: WorldOptions = {}): Promise<void> => {
  world = await createWorld({ policy: remotePolicy, ...options });
  await writeFile(join(world.folder, "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
  base = new URL(`http://127.0.0.1:${(world.server.address() as AddressInfo).port}/`);
};
const close = (): Promise<void> => world.close();

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Without a client that adds or hides headers. */
const get = (target: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: base.hostname, port: base.port, path: target, headers, method },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    sent.on("error", reject).end();
  });

/** Everything that the server sends after some bytes, until it ends the connection. */
const exchange = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    connect(Number(base.port), base.hostname)
      .on("data", (chunk) => chunks.push(chunk))
      .on("error", reject)
      .on("end", () => resolve(Buffer.concat(chunks).toString("latin1")))
      .write(bytes);
  });

beforeEach(() => open());
afterEach(() => close());

describe("a hit", () => {
  test("a hit from memory and a hit from disk have the same status, headers and body", async () => {
    const probed = await get("/?img=worms.jpg&fm=json");
    const { version } = JSON.parse(probed.body.toString());
    for (const target of [
      "/?img=worms.jpg&q=33&w=32",
      `/?img=worms.jpg&q=33&w=32&v=${version}`,
      "/?img=worms.jpg&fm=webp",
    ])
      for (const accept of Object.values(browserAccept)) {
        const { headers } = await get(target, { accept });
        await world.service.background.idle();
        const etag = headers.etag ?? "";
        for (const [method, more] of [
          ["GET", {}],
          ["HEAD", {}],
          ["GET", { "if-none-match": etag }],
          ["GET", { "if-none-match": `W/${etag}, "x"` }],
          ["GET", { "if-none-match": '"x"' }],
        ] as const) {
          const sent = { accept, "x-request-id": "the-request-1", ...more };
          world.service.hot.clear();
          const fromDisk = await get(target, sent, method);
          expect(world.service.hot.entries).toBe(1);
          const fromMemory = await get(target, sent, method);
          const plain = ({ date: _, ...rest }: IncomingHttpHeaders) => rest;
          expect(plain(fromMemory.headers)).toEqual(plain(fromDisk.headers));
          expect([fromMemory.status, fromMemory.body.equals(fromDisk.body)]).toEqual([fromDisk.status, true]);
          const [disk, memory] = world.lines.slice(-2).map(({ ms: _, ...line }) => line);
          expect(memory).toEqual(disk);
        }
      }
  });
});

describe("a hit from disk", () => {
  const target = "/?img=worms.jpg&q=33";
  let reads: Variant[];
  let volume: () => Promise<unknown>;

  beforeEach(async () => {
    await close();
    await open({ hotCacheBytes: 0 });
    reads = [];
    volume = () => setTimeout(50);
    const read = world.cache.read.bind(world.cache);
    vi.spyOn(world.cache, "read").mockImplementation(async (variant) => {
      reads.push(variant);
      await volume();
      return read(variant);
    });
  });

  test("a hit from disk is read once for all readers who come during the read", async () => {
    await get(target);
    await world.service.background.idle();
    reads.length = 0;
    let come = 0;
    const allAreHere = new Promise<void>((resolve) => {
      world.server.on("request", () => {
        if (++come === 8) resolve();
      });
    });
    volume = () => allAreHere;
    const answers = await Promise.all(Array.from({ length: 8 }, () => get(target)));
    expect(answers.map(({ status, headers }) => [status, headers["cache-status"]])).toEqual(
      Array(8).fill([200, "imgproxy-lite; hit"]),
    );
    expect(reads).toHaveLength(1);
    await get(target);
    expect(reads).toHaveLength(2);
  });

  test("a variant that is not on disk is looked for once, and the time is in the log", async () => {
    await get(target);
    expect(reads).toHaveLength(1);
    const { cache, ms } = world.lines.at(-1) ?? {};
    expect(cache).toBe("miss");
    expect(ms?.cache).toBeGreaterThan(40);
    expect(ms?.total).toBeGreaterThan(ms?.cache ?? 0);
  });

  test("an entry that was read before a purge is not used after it", async () => {
    const tokens = ["the-token-of-the-test"];
    await close();
    await open({ tokens });
    await get(target);
    await world.service.background.idle();
    world.service.hot.clear();
    const read = world.cache.read.bind(world.cache);
    let answer: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    vi.spyOn(world.cache, "read").mockImplementation(async (variant) => {
      const entry = await read(variant);
      reads.push(variant);
      await slow;
      return entry;
    });
    const early = get(target);
    await expect.poll(() => reads.length, { interval: 5 }).toBe(1);
    await get("/api/purge?img=worms.jpg", { authorization: `Bearer ${tokens[0]}` }, "DELETE");
    await rm(join(world.folder, "worms.jpg"));
    const asked = get(target);
    await expect.poll(() => reads.length, { interval: 5 }).toBe(2);
    answer();
    const late = await asked;
    expect([(await early).status, late.status, world.service.hot.entries]).toEqual([200, 404, 0]);
  });

  test("a hit from disk is logged as not sent if its reader has left meanwhile", async () => {
    await get(target);
    await world.service.background.idle();
    const leaving = connect(Number(base.port), base.hostname);
    const closed = new Promise((resolve) => {
      world.server.once("connection", (socket: Socket) => socket.once("close", resolve));
    });
    // The volume answers after the reader has left.
    volume = () => closed.then(() => setTimeout(10));
    leaving.write(`GET ${target} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await expect.poll(() => reads.length).toBe(2);
    leaving.destroy();
    await expect.poll(() => world.lines.length).toBe(2);
    expect(world.lines.at(-1)).toMatchObject({ status: 499, key: "worms.jpg" });
    expect((await get(target)).status).toBe(200);
  });

  test("a hit from disk is cacheable for a minute if the source must be asked first", async () => {
    await get(target);
    await world.service.background.idle();
    const other = await get(`${target}&v=0000000000`);
    expect([other.status, other.headers["cache-control"]]).toEqual([200, "public, max-age=60"]);
    expect(world.asked.at(-1)).toBe("stat worms.jpg");
  });
});

describe("a miss", () => {
  const tokens = ["the-token-of-the-test"];

  test.each([
    ["is made", {}, "worms.jpg", 200],
    ["of what is not there", {}, "absent.jpg", 404],
    ["of what is not a picture", {}, "notes.txt", 415],
    ["beyond the client's budget", { coldBudget: 0 }, "worms.jpg", 429],
  ])(
    "a miss, %s: GET and HEAD have the same status and headers, and one log line each",
    async (_, options, key, status) => {
      await close();
      await open({ tokens, ...options });
      await writeFile(join(world.folder, "notes.txt"), "not a picture");
      const headers = { "x-request-id": "the-request-1", accept: "image/webp,*/*" };
      const got = [];
      for (const method of ["GET", "HEAD"]) {
        await get(`/api/purge?img=${key}`, { authorization: `Bearer ${tokens[0]}` }, "DELETE");
        const answer = await get(`/?img=${key}&q=33&w=32`, headers, method);
        expect(answer.body.length > 0).toBe(method === "GET");
        await expect.poll(() => world.lines.at(-1)?.method).toBe(method);
        const { date: _, "retry-after": __, connection: ___, "keep-alive": ____, ...plain } = answer.headers;
        got.push({ status: answer.status, headers: plain });
        await world.service.background.idle();
      }
      expect(got[0]?.status).toBe(status);
      expect(got[1]).toEqual(got[0]);
    },
  );

  test("a miss is refused without a fetch while the queue is full", async () => {
    vi.spyOn(world.encoder, "expect").mockImplementation(() => {
      throw new Problem("busy", { retryAfterSeconds: 3 });
    });
    const { status, headers, body } = await get("/?img=worms.jpg&q=33");
    expect([status, JSON.parse(body.toString()).code]).toEqual([503, "busy"]);
    expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(3);
    expect(world.asked).toEqual([]);
    expect(world.lines.at(-1)).toMatchObject({ status: 503, code: "busy" });
    expect(world.lines.at(-1)?.error).toBeUndefined();
  });

  test("a miss is dropped when its reader leaves", async () => {
    let letGo: () => void = () => undefined;
    world.fault = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const leaving = connect(Number(base.port), base.hostname);
    leaving.write("GET /?img=worms.jpg&q=33 HTTP/1.1\r\nhost: a\r\n\r\n");
    await expect.poll(() => world.asked).toEqual(["open worms.jpg"]);
    leaving.destroy();
    await expect.poll(() => world.lines.at(-1)?.status).toBe(499);
    // For that reason, and not because of a timeout of the source.
    expect([world.lines.at(-1)?.code, world.lines.at(-1)?.error]).toEqual([undefined, undefined]);
    letGo();
    await expect.poll(() => world.service.busy().fetches).toBe(0);
    expect(world.encoder.count()).toBe(0);
  });
});

describe("a hit from memory", () => {
  test("each hit from memory has its own date and request id, even for pipelined requests", async () => {
    await get("/?img=worms.jpg&q=33");
    const ask = "GET /?img=worms.jpg&q=33 HTTP/1.1\r\nhost: a\r\n";
    const asked = `${ask}\r\n${ask}x-request-id: the-request-2\r\n\r\n${ask}connection: close\r\n\r\n`;
    const text = await exchange(asked);
    const heads = [...text.matchAll(/HTTP\/1\.1 200 OK\r\n.*?\r\n\r\n/gs)].map(([head]) => head);
    expect(heads).toHaveLength(3);
    const ids = heads.map((head) => /^x-request-id: (.*)\r$/m.exec(head)?.[1]);
    expect(new Set(ids).size).toBe(3);
    expect(ids[1]).toBe("the-request-2");
    const plain = (head: string) => head.replace(/^(x-request-id|date|connection|keep-alive): .*\r\n/gim, "");
    expect(new Set(heads.map(plain)).size).toBe(1);
    for (const head of heads) {
      const date = Date.parse(/^date: (.*)\r$/im.exec(head)?.[1] ?? "");
      expect(Math.abs(date - Date.now())).toBeLessThan(600_000);
    }
    const kept = heads.map((head) => /^connection: (.*)\r$/im.exec(head)?.[1]);
    expect(kept).toEqual(["keep-alive", "keep-alive", "close"]);
  });

  test("in development a hit from memory has its own timings each time", async () => {
    await close();
    await open({ dev: true });
    await get("/?img=worms.jpg&q=33");
    for (const _ of "123") {
      const { headers } = await get("/?img=worms.jpg&q=33");
      expect(headers["server-timing"]).toMatch(/^total;dur=\d+\.\d$/);
      expect(headers["server-timing"]).toBe(`total;dur=${world.lines.at(-1)?.ms.total.toFixed(1)}`);
    }
  });

  test("a variant in memory is not used after the photograph is purged, replaced or gone", async () => {
    const tokens = ["the-token-of-the-test"];
    await close();
    await open({ tokens });
    const target = "/?img=worms.jpg&q=33";
    const api = (method: string, path: string) =>
      get(`/api/${path}`, { authorization: `Bearer ${tokens[0]}` }, method);
    await get(target);
    expect((await get(target)).headers["cache-status"]).toBe("imgproxy-lite; hit");
    await api("DELETE", "purge?img=worms.jpg");
    await rm(join(world.folder, "worms.jpg"));
    expect((await get(target)).status).toBe(404);
  });

  test("a variant in memory is not used after a purge on another replica, once this one has checked", async () => {
    await get("/?img=worms.jpg&q=33");
    expect(world.service.hot.entries).toBe(1);
    await (await world.replica()).announce();
    await world.published.refresh();
    expect(world.service.hot.entries).toBe(0);
  });

  test("a hit from memory needs the same signature and listing as a miss", async () => {
    await close();
    await open({ variants: "signed", signingKeys: ["key"] });
    const signed = `/?img=worms.jpg&q=33&s=${sign({ key: "worms.jpg", quality: 33 }, "key")}`;
    await get(signed);
    expect((await get(signed)).status).toBe(200);
    expect((await get("/?img=worms.jpg&q=33")).status).toBe(403);
    await close();
    await open({ variants: "listed" });
    await get("/?img=worms.jpg&q=33");
    await put(world.published, "blog", "one", { images: { "worms.jpg": ["img=worms.jpg&q=34"] } });
    expect((await get("/?img=worms.jpg&q=33")).status).toBe(404);
  });

  test("originals, JSON, other methods, other paths and invalid queries are not hits from memory", async () => {
    await get("/?img=worms.jpg&q=33");
    for (const [target, method, status] of [
      ["/?img=worms.jpg", "GET", 200],
      ["/?img=worms.jpg&fm=json", "GET", 200],
      ["/?img=worms.jpg&q=33", "POST", 405],
      ["/?img=worms.jpg&q=33&q=34", "GET", 400],
      ["/x?img=worms.jpg&q=33", "GET", 404],
      ["http://other.example/?img=worms.jpg&q=33", "GET", 200],
    ] as const) {
      expect([target, (await get(target, {}, method)).status]).toEqual([target, status]);
    }
  });
});
