import { rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { toNodeHandler } from "h3";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { sign } from "../../../contract/signature.ts";
import type { Variant } from "../../cache/cache.ts";
import { Problem } from "../../errors.ts";
import { remotePolicy } from "../../http/freshness.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";
import { type FastPath, inFront } from "../held.ts";

let world: World;
let close: () => Promise<void>;
let base: URL;
let server: Server;
/** Which path answered, request by request. */
let fast: boolean[];
let isFastOn = true;

const open = async (options: WorldOptions = {}): Promise<void> => {
  world = await createWorld({ policy: remotePolicy, ...options });
  await writeFile(join(world.folder, "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
  const app = toNodeHandler(world.service.app);
  fast = [];
  isFastOn = true;
  server = createServer((req, res) => {
    const at = fast.push(false) - 1;
    const remembered: FastPath = (req, res) => {
      const answered = isFastOn && world.service.fast(req, res);
      void Promise.resolve(answered).then((isAnswered) => {
        fast[at] = isAnswered;
      });
      return answered;
    };
    inFront(remembered, app)(req, res);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  base = new URL(`http://127.0.0.1:${port}/`);
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await world.close();
  };
};

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

/** All that comes for some bytes until the server ends the connection. */
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

describe.each([
  ["memory", 2 ** 20],
  ["disk", 0],
])("a hit from %s", (_, hotCacheBytes) => {
  test("has the same status, headers and body on the fast path and through h3", async () => {
    await close();
    await open({ hotCacheBytes });
    const probed = await get("/?img=worms.jpg&fm=json");
    const { version } = JSON.parse(probed.body.toString());
    const targets = [
      "/?img=worms.jpg&q=33&w=32",
      `/?img=worms.jpg&q=33&w=32&v=${version}`,
      "/?img=worms.jpg&fm=webp",
    ];
    for (const target of targets)
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
          isFastOn = true;
          const quick = await get(target, sent, method);
          expect(fast.at(-1)).toBe(true);
          isFastOn = false;
          const slow = await get(target, sent, method);
          expect(fast.at(-1)).toBe(false);
          const plain = ({ date: _, ...rest }: IncomingHttpHeaders) => rest;
          expect(plain(quick.headers)).toEqual(plain(slow.headers));
          expect([quick.status, quick.body.equals(slow.body)]).toEqual([slow.status, true]);
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
    const { read } = world.cache;
    vi.spyOn(world.cache, "read").mockImplementation(async (variant) => {
      reads.push(variant);
      await volume();
      return read(variant);
    });
  });

  test("is read once for all readers who come meanwhile", async () => {
    await get(target);
    await world.service.background.idle();
    reads.length = 0;
    const answers = await Promise.all(Array.from({ length: 8 }, () => get(target)));
    expect(answers.map(({ status, headers }) => [status, headers["cache-status"]])).toEqual(
      Array(8).fill([200, "imgproxy-lite; hit"]),
    );
    expect(reads).toHaveLength(1);
    await get(target);
    expect(reads).toHaveLength(2);
  });

  test("that is none is looked for once, and its time is in the log", async () => {
    await get(target);
    expect([fast.at(-1), reads.length]).toEqual([true, 1]);
    const { cache, ms } = world.lines.at(-1) ?? {};
    expect(cache).toBe("miss");
    expect(ms?.cache).toBeGreaterThan(40);
    expect(ms?.total).toBeGreaterThan(ms?.cache ?? 0);
  });

  test("that was read before a purge is for nobody after it", async () => {
    const tokens = ["the-token-of-the-test"];
    await close();
    await open({ tokens });
    await get(target);
    await world.service.background.idle();
    world.service.hot.clear();
    const { read } = world.cache;
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

  test("is logged as not sent when its reader has left meanwhile", async () => {
    await get(target);
    await world.service.background.idle();
    const leaving = connect(Number(base.port), base.hostname);
    const closed = new Promise((resolve) => {
      server.once("connection", (socket: Socket) => socket.once("close", resolve));
    });
    // The volume answers when the reader has left.
    volume = () => closed.then(() => setTimeout(10));
    leaving.write(`GET ${target} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await expect.poll(() => reads.length).toBe(2);
    leaving.destroy();
    await expect.poll(() => world.lines.length).toBe(2);
    expect(world.lines.at(-1)).toMatchObject({ status: 499, key: "worms.jpg" });
    expect((await get(target)).status).toBe(200);
  });

  test("is left to h3 when the source is to be asked first", async () => {
    await get(target);
    await world.service.background.idle();
    const other = await get(`${target}&v=0000000000`);
    expect([fast.at(-1), other.status, other.headers["cache-control"]]).toEqual([
      false,
      200,
      "public, max-age=60",
    ]);
  });
});

describe("a miss", () => {
  const tokens = ["the-token-of-the-test"];

  test.each([
    ["is made", {}, "worms.jpg", 200],
    ["of what is not there", {}, "absent.jpg", 404],
    ["of what is no picture", {}, "notes.txt", 415],
    ["beyond the client's budget", { coldBudget: 0 }, "worms.jpg", 429],
  ])("%s: the same on the fast path and through h3", async (_, options, key, status) => {
    await close();
    await open({ tokens, ...options });
    await writeFile(join(world.folder, "notes.txt"), "no picture");
    const headers = { "x-request-id": "the-request-1", accept: "image/webp,*/*" };
    for (const method of ["GET", "HEAD"]) {
      const got = [];
      for (isFastOn of [true, false]) {
        await get(`/api/purge?img=${key}`, { authorization: `Bearer ${tokens[0]}` }, "DELETE");
        const { headers: all, ...rest } = await get(`/?img=${key}&q=33&w=32`, headers, method);
        expect(fast.at(-1)).toBe(isFastOn);
        await expect.poll(() => world.lines.at(-1)?.key ?? world.lines.at(-1)?.code).toBeDefined();
        const { ms: __, ...line } = world.lines.at(-1) ?? {};
        const { date: ___, ...plain } = all;
        got.push({ ...rest, headers: plain, line });
        await world.service.background.idle();
      }
      const [quick, slow] = got;
      expect(quick?.status).toBe(status);
      expect(quick).toEqual(slow);
    }
  });

  test("is refused without h3 and without a fetch while the line is full", async () => {
    vi.spyOn(world.encoder, "receive").mockImplementation(() => {
      throw new Problem("busy", { retryAfterSeconds: 3 });
    });
    const { status, headers, body } = await get("/?img=worms.jpg&q=33");
    expect([status, JSON.parse(body.toString()).code, fast.at(-1)]).toEqual([503, "busy", true]);
    expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(3);
    expect(world.asked).toEqual([]);
    expect(world.lines.at(-1)).toMatchObject({ status: 503, code: "busy" });
    expect(world.lines.at(-1)?.error).toBeUndefined();
  });

  test("is dropped when its reader leaves", async () => {
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
    // For that, and not because the source was given up.
    expect(world.lines.at(-1)?.code).not.toBe("source-timeout");
    letGo();
    await expect.poll(() => world.service.busy().fetches).toBe(0);
    expect(world.encoder.count()).toBe(0);
  });
});

describe("a hit from memory", () => {
  test("has its own date and request id each time, also when asked ahead of the answers", async () => {
    await get("/?img=worms.jpg&q=33");
    const ask = "GET /?img=worms.jpg&q=33 HTTP/1.1\r\nhost: a\r\n";
    const asked = `${ask}\r\n${ask}x-request-id: the-request-2\r\n\r\n${ask}connection: close\r\n\r\n`;
    const text = await exchange(asked);
    expect(fast.slice(-3)).toEqual([true, true, true]);
    const heads = [...text.matchAll(/HTTP\/1\.1 200 OK\r\n.*?\r\n\r\n/gs)].map(([head]) => head);
    expect(heads).toHaveLength(3);
    const ids = heads.map((head) => /^x-request-id: (.*)\r$/m.exec(head)?.[1]);
    expect(new Set(ids).size).toBe(3);
    expect(ids[1]).toBe("the-request-2");
    const plain = (head: string) => head.replace(/^(x-request-id|date|connection|keep-alive): .*\r\n/gim, "");
    expect(new Set(heads.map(plain)).size).toBe(1);
    for (const head of heads) {
      const date = Date.parse(/^date: (.*)\r$/im.exec(head)?.[1] ?? "");
      expect(Math.abs(date - Date.now())).toBeLessThan(5_000);
    }
    const kept = heads.map((head) => /^connection: (.*)\r$/im.exec(head)?.[1]);
    expect(kept).toEqual(["keep-alive", "keep-alive", "close"]);
  });

  test("in development says where its time went, each time anew", async () => {
    await close();
    await open({ dev: true });
    await get("/?img=worms.jpg&q=33");
    for (const _ of "123") {
      const { headers } = await get("/?img=worms.jpg&q=33");
      expect([fast.at(-1), headers["server-timing"]]).toEqual([
        true,
        expect.stringMatching(/^total;dur=\d+\.\d$/),
      ]);
      expect(headers["server-timing"]).toBe(`total;dur=${world.lines.at(-1)?.ms.total.toFixed(1)}`);
    }
  });

  test("is logged and counted as the other path does", async () => {
    await get("/?img=worms.jpg&q=33");
    for (isFastOn of [true, false]) await get("/?img=worms.jpg&q=33", { "x-request-id": "the-request-1" });
    const [quick, slow] = world.lines.slice(-2).map(({ ms: _, ...line }) => line);
    expect(quick).toEqual(slow);
  });

  test("is left to h3 when the source is to be asked first", async () => {
    await get("/?img=worms.jpg&q=33");
    const other = await get("/?img=worms.jpg&q=33&v=0000000000");
    expect([fast.at(-1), other.headers["cache-control"]]).toEqual([false, "public, max-age=60"]);
  });

  test("is over at once when the photograph is purged, replaced or gone", async () => {
    const tokens = ["the-token-of-the-test"];
    await close();
    await open({ tokens });
    const target = "/?img=worms.jpg&q=33";
    const api = (method: string, path: string) =>
      get(`/api/${path}`, { authorization: `Bearer ${tokens[0]}` }, method);
    await get(target);
    await get(target);
    expect(fast.at(-1)).toBe(true);
    await api("DELETE", "purge?img=worms.jpg");
    await rm(join(world.folder, "worms.jpg"));
    expect((await get(target)).status).toBe(404);
  });

  test("on another replica is over when that has looked", async () => {
    await get("/?img=worms.jpg&q=33");
    expect(world.service.hot.entries).toBe(1);
    await (await world.replica()).announce();
    await world.published.refresh();
    expect(world.service.hot.entries).toBe(0);
  });

  test("needs the signature and the listing that the other path needs", async () => {
    await close();
    await open({ variants: "signed", signingKeys: ["key"] });
    const signed = `/?img=worms.jpg&q=33&s=${sign({ key: "worms.jpg", quality: 33 }, "key")}`;
    await get(signed);
    expect((await get(signed)).status).toBe(200);
    expect(fast.at(-1)).toBe(true);
    expect((await get("/?img=worms.jpg&q=33")).status).toBe(403);
    await close();
    await open({ variants: "listed" });
    await get("/?img=worms.jpg&q=33");
    await world.published.put("blog", "one", { images: { "worms.jpg": ["img=worms.jpg&q=34"] } });
    expect((await get("/?img=worms.jpg&q=33")).status).toBe(404);
  });

  test("is no original, no json, no other method, path or broken query", async () => {
    await get("/?img=worms.jpg&q=33");
    for (const [target, method, status] of [
      ["/?img=worms.jpg", "GET", 200],
      ["/?img=worms.jpg&fm=json", "GET", 200],
      ["/?img=worms.jpg&q=33", "POST", 405],
      ["/?img=worms.jpg&q=33&q=34", "GET", 400],
      ["/x?img=worms.jpg&q=33", "GET", 404],
      ["http://other.example/?img=worms.jpg&q=33", "GET", 200],
    ] as const) {
      expect([target, (await get(target, {}, method)).status, fast.at(-1)]).toEqual([target, status, false]);
    }
  });
});
