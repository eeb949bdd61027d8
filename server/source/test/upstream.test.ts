import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { freePort } from "../../../dev/machine/ports.ts";
import { folderPolicy, remotePolicy } from "../../http/freshness.ts";
import { bounded, report, sized } from "../../test/chaos/chaos.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";
import { confirmAbsence } from "../confirm-absence.ts";
import { createHttpSource } from "../remote/http.ts";
import { retrySource } from "../remote/retry-breaker.ts";
import { createS3Source } from "../remote/s3.ts";
import { remoteTimeouts } from "../remote/timeouts.ts";

const jpeg = await photo(200, 150).jpeg().toBuffer();
// Long enough for a machine that also runs other tests.
/** For sources that never answer: an honest one on a busy machine can need longer. */
const timeouts = { ...remoteTimeouts, silence: 1_000 };
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(answer: RequestListener): Promise<URL> {
  const server: Server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket/`);
}

async function listenTcp(answer: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    answer(socket);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

async function open(base: URL, options: WorldOptions = {}): Promise<World> {
  const wrap = () => createHttpSource(base, timeouts);
  const world = await createWorld({ policy: remotePolicy, wrap, coldBudget: 1e9, ...options });
  closing.push(() => world.close());
  return world;
}

/** Timeouts for honest sources: the machine can be busy. */
const patiently = (base: URL): WorldOptions => ({ wrap: () => createHttpSource(base) });

describe("a faulty source", () => {
  const faults: readonly (readonly [string, number, () => Promise<URL>])[] = [
    ["accepts and says nothing", 504, () => listenTcp(() => undefined)],
    ["sends its head one byte at a time", 504, () => listenTcp((socket) => void drip(socket))],
    ["hangs up", 502, () => listenTcp((socket) => socket.end())],
    ["resets", 502, () => listenTcp((socket) => socket.resetAndDestroy())],
    ["does not speak HTTP", 502, () => listenTcp((socket) => socket.end("SSH-2.0-OpenSSH\r\n"))],
    // A label of 64 letters is not valid, so no resolver is asked, which could take longer than the connect timeout.
    ["has no address", 502, async () => new URL(`http://${"a".repeat(64)}.invalid/`)],
    [
      "does not speak TLS",
      502,
      async () => {
        const base = await listen((_, response) => response.end());
        base.protocol = "https:";
        return base;
      },
    ],
    ["is not there", 502, async () => new URL(`http://127.0.0.1:${(await freePort()).port}/`)],
  ];

  const half = (response: ServerResponse) =>
    response.writeHead(200, { "content-length": 1_000_000, etag: '"x"' }).write(jpeg.subarray(0, 100));
  const stalls: readonly (readonly [string, number, () => Promise<URL>])[] = [
    ["stops in the middle of a body", 504, () => listen((_, response) => void half(response))],
    [
      "sends a body one byte at a time",
      504,
      () =>
        listen((_, response) => {
          half(response);
          const timer = setInterval(() => response.write("x"), 50);
          response.on("close", () => clearInterval(timer));
        }),
    ],
  ];

  function drip(socket: Socket): void {
    const head = [..."HTTP/1.1 200 OK\r\nX-Long: and so on and on and on"];
    const timer = setInterval(() => socket.write(head.shift() ?? "."), 50);
    socket.on("close", () => clearInterval(timer));
  }

  test.each([...faults, ...stalls])(
    "a source that %s is %i for the reader, and cached nowhere",
    async (name, status, start) => {
      const world = await open(await start());
      const requests = sized(99, 3);
      let slowest = 0;
      const ask = async (target: string): Promise<void> => {
        const started = performance.now();
        const response = await world.get(target);
        slowest = Math.max(slowest, performance.now() - started);
        expect([target, response.status]).toEqual([target, status]);
        expect(response.headers.get("cache-control")).toBe("no-store");
      };
      // An original is streamed from its head on, and cut when the source stops: the status was already sent.
      const kinds = stalls.some(([stall]) => stall === name)
        ? ["&q=33", "&fm=json"]
        : ["&q=33", "", "&fm=json"];
      for (let at = 0; at < requests; at += 9)
        await Promise.all(
          Array.from({ length: Math.min(9, requests - at) }, (_, of) =>
            ask(`/?img=${at + of}.jpg${kinds[of % kinds.length]}`),
          ),
        );
      expect(await world.stored()).toHaveLength(0);
      bounded(`a source that ${name}: the slowest answer, ms`, slowest, 10_500);
      report(
        stalls.some(([stall]) => stall === name) ? "U2" : "U1",
        `${requests} requests to a source that ${name}`,
        `100 % ${status}, 0 cached`,
      );
    },
  );

  test("a source that cuts its answer at any byte is 502, and no half photograph is kept or served", async () => {
    let cutAt = 0;
    let whole = false;
    const base = await listen((_, response) => {
      response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' });
      if (whole) return void response.end(jpeg);
      response.write(jpeg.subarray(0, cutAt), () => response.destroy());
    });
    const world = await open(base, patiently(base));
    const cuts = sized(300, 40);
    for (let n = 0; n < cuts; n += 1) {
      cutAt = Math.floor(((n + Math.random()) * jpeg.byteLength) / cuts);
      expect((await world.get(`/?img=a.jpg&q=33&w=${1 + (n % 64)}`)).status).toBe(502);
    }
    await world.service.background.idle();
    expect([(await world.stored()).length, world.encoder.count()]).toEqual([0, 0]);
    whole = true;
    expect((await world.get("/?img=a.jpg&q=33")).status).toBe(200);
    report("U3", `${cuts} answers cut at random`, "100 % 502, 0 cached, 0 encoded");
  });

  describe("a body that is too short", () => {
    const middle = Math.floor(jpeg.byteLength / 2);

    /** Cuts the first answers to `cut.jpg` in the middle, this number of them; each has the given ETag. */
    async function cutting(cuts: number, etagOf: (n: number) => string, target = "/?img=cut.jpg&q=33") {
      const ranges: (string | undefined)[] = [];
      const base = await listen((request, response) => {
        const isCut = request.url?.endsWith("/cut.jpg") === true;
        if (isCut && request.method === "GET") ranges.push(request.headers.range);
        const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        const rest = jpeg.subarray(first);
        const end = jpeg.byteLength - 1;
        response.writeHead(first > 0 ? 206 : 200, {
          "content-length": rest.byteLength,
          etag: isCut ? etagOf(ranges.length) : '"other"',
          ...(first > 0 && { "content-range": `bytes ${first}-${end}/${jpeg.byteLength}` }),
        });
        if (!isCut || ranges.length > cuts) return void response.end(rest);
        response.write(jpeg.subarray(first, middle + ranges.length), () => response.destroy());
      });
      const wrap = () => retrySource(createHttpSource(base), { pauseMs: () => 0 });
      const world = await open(base, { wrap });
      // Each retry needs ten requests before it: these requests allow several retries, so that the budget is not the limit here.
      for (let n = 0; n < 40; n += 1) await (await world.get(`/?img=${n}.jpg`)).arrayBuffer();
      const encoded = world.encoder.count();
      const response = await world.get(target);
      const body = Buffer.from(await response.arrayBuffer().catch(() => new ArrayBuffer(0)));
      return { status: response.status, ranges, body, encoded: world.encoder.count() - encoded };
    }

    test("after one cut body, the source is asked once for the rest, and the photograph is whole", async () => {
      const made = await cutting(1, () => '"x"');
      expect(made).toMatchObject({ status: 200, encoded: 1 });
      expect(made.ranges).toEqual([undefined, `bytes=${middle + 1}-${jpeg.byteLength - 1}`]);
      const original = await cutting(1, () => '"x"', "/?img=cut.jpg");
      expect([original.status, original.body.equals(jpeg)]).toEqual([200, true]);
    });

    test("after several cut bodies, the source is asked for the rest only once, and nothing is made", async () => {
      const made = await cutting(9, () => '"x"');
      expect(made).toMatchObject({ status: 502, encoded: 0 });
      expect(made.ranges).toHaveLength(2);
    });

    test("after a cut body, the rest of another object is not used", async () => {
      expect(await cutting(1, (n) => `"${n}"`)).toMatchObject({ status: 502, encoded: 0 });
    });

    test("after a cut body, a source that cannot say whether the object has changed is asked once more for all of it", async () => {
      const once = await cutting(1, () => 'W/"x"');
      expect(once).toMatchObject({ status: 200, encoded: 1 });
      expect(once.ranges).toEqual([undefined, undefined]);
      const always = await cutting(9, () => 'W/"x"');
      expect(always).toMatchObject({ status: 502, encoded: 0 });
      expect(always.ranges).toHaveLength(2);
    });
  });

  test("the type of an original is decided by its bytes, whatever the source says", async () => {
    const bodies: readonly (readonly [string, Uint8Array, number])[] = [
      ["jpeg", jpeg, 200],
      ["html", Buffer.from("<!doctype html><title>Error</title>"), 415],
      ["xml", Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), 415],
      ["text", Buffer.from("not found"), 415],
      ["empty", new Uint8Array(0), 415],
    ];
    const types = [
      "image/jpeg",
      "text/html",
      "application/octet-stream",
      "image/svg+xml",
      "image/png",
      "",
      "x",
      "application/xml",
    ];
    let next: readonly [string, Uint8Array] = ["", jpeg];
    const base = await listen((_, response) => {
      const [type, body] = next;
      response.writeHead(200, {
        "content-length": body.byteLength,
        ...(type !== "" && { "content-type": type }),
      });
      response.end(body);
    });
    for (const [name, body, status] of bodies)
      for (const type of types) {
        next = [type, body];
        const world = await open(base, patiently(base));
        const response = await world.get(`/?img=${name}.png&q=33&w=8&fm=webp`);
        expect([name, type, response.status]).toEqual([name, type, status]);
        await world.service.background.idle();
        expect(await world.stored()).toHaveLength(status === 200 ? 1 : 0);
      }
    report(
      "U4",
      `${bodies.length * types.length} wrong content types`,
      "100 % decided by the bytes, 0 entries of files that are not images",
    );
  });

  test("a photograph that the source does not have is requested once in half a minute, whatever number of readers", async () => {
    let asked = 0;
    const base = await listen((_, response) => {
      asked += 1;
      response.writeHead(404).end();
    });
    // With a clock that stands still: on a busy machine these requests can take longer than half a minute.
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const world = await open(base, patiently(base));
    const requests = sized(10_000, 300);
    const askAll = async (): Promise<void> => {
      for (let n = 0; n < requests; n += 1)
        expect((await world.get(`/?img=${n % 100}.jpg&q=33`)).status).toBe(404);
    };
    await askAll();
    expect(asked).toBe(100);
    vi.advanceTimersByTime(30_000);
    await askAll();
    expect(asked).toBe(200);
    report("U5", `${requests} requests for 100 absent photographs`, "100 requests to the source");
  });

  test.each([
    ["closes", 403, undefined],
    ["asks for a login", 401, undefined],
    ["archives what it has", 400, undefined],
    ["has deleted it", 404, 404],
  ] as const)(
    "after %s, existing variants are kept and served, unless the photograph is gone",
    async (_, status, gone) => {
      let closed = false;
      const base = await listen((_, response) => {
        if (closed) return void response.writeHead(status).end();
        response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' }).end(jpeg);
      });
      // The source is asked before every answer, and no other photograph is known that could show whether the source is gone.
      const wrap = () => retrySource(confirmAbsence(createHttpSource(base)), { pauseMs: () => 0 });
      const world = await open(base, { wrap, policy: folderPolicy(0) });
      expect((await world.get("/?img=a.jpg&q=33")).status).toBe(200);
      await world.service.background.idle();
      closed = true;
      expect((await world.get("/?img=a.jpg&q=33")).status).toBe(gone ?? 200);
      await world.service.background.idle();
      expect(await world.stored()).toHaveLength(gone === undefined ? 1 : 0);
    },
  );

  test("while the source is down, every request for a cached variant gets it", async () => {
    let down = false;
    const base = await listen((_, response) => {
      if (down) return void response.destroy();
      response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' }).end(jpeg);
    });
    // The strictest setting: the source is asked before every answer.
    const wrap = () => retrySource(createHttpSource(base), { pauseMs: () => 0 });
    const world = await open(base, { wrap, policy: folderPolicy(0) });
    await world.get("/?img=a.jpg&q=33", { headers: { accept: browserAccept.webp } });
    down = true;
    const seen = new Map<string, number>();
    const requests = sized(10_000, 300);
    for (let n = 0; n < requests; n += 1) {
      const response = await world.get("/?img=a.jpg&q=33", { headers: { accept: browserAccept.webp } });
      const kind = `${response.status} ${response.headers.get("cache-control")} ${response.headers.get("cache-status")}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    expect([...seen.keys()].every((kind) => kind.startsWith("200 "))).toBe(true);
    expect([...seen.keys()]).toContain("200 public, max-age=60 imgproxy-lite; hit; detail=stale-if-error");
    report(
      "U7",
      `${requests} requests for cached variants that are due for a check, with the source down`,
      "100 % 200",
    );
  });
});

describe("connections that are kept", () => {
  /** Answers one request on each connection; the next request on it gets only these bytes. */
  async function once(next: (socket: Socket) => void) {
    const seen = { connections: 0, requests: 0 };
    const base = await listenTcp((socket) => {
      seen.connections++;
      let answered = false;
      socket.on("data", (request) => {
        seen.requests++;
        if (answered) return next(socket);
        answered = true;
        const body = request.toString("latin1").startsWith("HEAD") ? Buffer.alloc(0) : jpeg;
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Length: ${jpeg.byteLength}\r\nETag: "x"\r\nConnection: keep-alive\r\n\r\n`,
        );
        socket.write(body);
      });
    });
    return { base, seen };
  }
  const s3 = {
    bucket: "bucket",
    prefix: "",
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
  };
  const kinds = [
    ["HTTP", async (base: URL) => createHttpSource(base)],
    ["S3", (base: URL) => createS3Source({ ...s3, endpoint: base.origin })],
  ] as const;

  test.each(kinds)(
    "kept connections that a %s source has closed cost no reader an error, and no retry",
    async (_, create) => {
      const { base, seen } = await once((socket) => socket.resetAndDestroy());
      const source = retrySource(await create(base), { pauseMs: () => 0 });
      const world = await open(base, { wrap: () => source });
      for (let round = 0; round < 4; round++) {
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, n) => world.get(`/?img=${round}-${n}.jpg&q=33&w=9`)),
        );
        expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
      }
      expect(source.stats()).toEqual({ retries: 0, opened: 0 });
      // Each photograph once, and a second time if its connection was closed: at most once for each connection.
      expect(seen.requests).toBeLessThanOrEqual(48 + seen.connections);
    },
  );

  test.each(kinds)(
    "kept connections of a %s source whose peer is gone without notice cost no reader an error",
    async (_, create) => {
      const { base } = await once(() => undefined);
      const source = retrySource(await create(base), { patienceMs: 2_000 });
      const world = await open(base, { wrap: () => source });
      for (const name of ["a", "b", "c"])
        expect((await world.get(`/?img=${name}.jpg&q=33`)).status).toBe(200);
      expect(source.stats().opened).toBe(0);
    },
  );
});

describe("a faulty S3 server", () => {
  const answers: readonly [code: string, status: number, toReader: number, message: string][] = [
    ["NoSuchKey", 404, 404, "words"],
    ["AccessDenied", 403, 404, "words"],
    ["KeyTooLongError", 400, 404, "words"],
    ["InvalidObjectState", 403, 422, "words"],
    ["InvalidRequest", 400, 422, "The object was stored using a form of Server Side Encryption."],
    ["KMS.DisabledException", 400, 422, "words"],
    ["AccessDenied", 403, 422, "User u is not authorized to perform: kms:Decrypt on resource r"],
    ["InvalidAccessKeyId", 403, 422, "KMS provided an invalid key for the given kms-keyid."],
    ["InvalidPayer", 403, 422, "words"],
    ["SomethingNew", 400, 422, "words"],
    ["NoSuchBucket", 404, 502, "words"],
    ["InvalidAccessKeyId", 403, 502, "words"],
    ["SignatureDoesNotMatch", 403, 502, "words"],
    ["RequestTimeTooSkewed", 403, 502, "words"],
    ["ExpiredToken", 400, 502, "words"],
    ["AuthorizationHeaderMalformed", 400, 502, "words"],
    ["InternalError", 500, 502, "words"],
    ["NotImplemented", 501, 502, "words"],
    ["PermanentRedirect", 301, 502, "words"],
    ["TemporaryRedirect", 307, 502, "words"],
    ["SlowDown", 503, 503, "words"],
    ["ServiceUnavailable", 503, 503, "words"],
    ["ThrottlingException", 400, 503, "You have exceeded the rate at which you may call KMS."],
    ["TooManyRequests", 429, 503, "words"],
    ["RequestTimeout", 400, 504, "words"],
  ];
  const options = {
    bucket: "bucket",
    prefix: "",
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
  };

  test.each(answers)(
    "an S3 server that answers %s with %i is %i for the reader",
    async (code, status, expected, message) => {
      const base = await listen((request, response) => {
        const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
        response.writeHead(status, { "content-type": "application/xml" });
        response.end(request.method === "HEAD" ? undefined : body);
      });
      const source = await createS3Source({ ...options, endpoint: base.origin });
      const world = await open(base, { wrap: () => source, tokens: ["a-token"] });
      // By GET and, for the range, by HEAD, which has no body with a reason.
      for (const [key, init] of [
        ["a.jpg", {}],
        ["b.jpg", { headers: { range: "bytes=0-1" } }],
      ] as const) {
        const response = await world.get(`/?img=${key}`, init);
        expect([code, response.status]).toEqual([code, expected]);
        expect(response.headers.get("retry-after") !== null).toBe(expected >= 503);
        expect(await response.text()).not.toMatch(new RegExp(`${code}|${message}`));
      }
      // A publish, which has a token, gets the storage's code; the storage's message is only in the log.
      const probed = await world.get("/api/probe", {
        method: "POST",
        body: JSON.stringify({ images: ["c.jpg"] }),
        headers: { authorization: "Bearer a-token" },
      });
      const { images }: { images: Record<string, { problem: unknown }> } = JSON.parse(await probed.text());
      expect(images["c.jpg"]?.problem).toMatchObject({ storage: `${status} ${code}` });
      expect(JSON.stringify(images)).not.toContain(`"${message}"`);
      report("U5", `S3 says ${code}${message === "words" ? "" : `: ${message}`}`, `${expected}`);
    },
  );

  test.each([
    [301, 502, "moved-source"],
    [403, 404, "source-absent"],
    [407, 502, "source-misconfigured"],
    [429, 503, "source-busy"],
    [451, 422, "withheld-source"],
    [502, 502, "source-failed"],
    [504, 504, "source-timeout"],
  ])("an S3 server behind something that answers %i in HTML is %i: %s", async (status, expected, code) => {
    const base = await listen((_, response) => {
      response.writeHead(status, { "content-type": "text/html", location: "http://127.0.0.1:9/" });
      response.end("<!DOCTYPE html><html><body>it does<br>not & will not</body></html>");
    });
    const source = await createS3Source({ ...options, endpoint: base.origin });
    const world = await open(base, { wrap: () => source });
    for (const init of [{}, { method: "HEAD" }]) {
      const response = await world.get(`/?img=${"method" in init ? "b" : "a"}.jpg`, init);
      expect(response.status).toBe(expected);
      if (!("method" in init)) expect(await response.json()).toMatchObject({ code });
    }
  });
});
