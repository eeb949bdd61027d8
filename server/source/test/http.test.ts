import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../../dev/machine/ports.ts";
import { readWhole } from "../body.ts";
import { createHttpSource } from "../remote/http.ts";
import { remoteTimeouts } from "../remote/timeouts.ts";
import { describeSource } from "./source-suite.ts";

const servers: Server[] = [];
const listen = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> => {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return new URL(`http://127.0.0.1:${address.port}/bucket/`);
};
const close = async (): Promise<void> => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
};

/** Serves the stored files, like a simple static server. */
async function startStatic(ranges: boolean) {
  const objects = new Map<string, { body: Uint8Array; etag: string }>();
  let version = 0;
  const base = await listen((request, response) => {
    const key = decodeURIComponent(request.url?.slice("/bucket/".length) ?? "");
    const object = objects.get(key);
    if (object === undefined) return void response.writeHead(404).end();
    const { body, etag } = object;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (!ranges || first === undefined || last === undefined)
      return void response.writeHead(200, { "content-length": body.byteLength, etag }).end(body);
    response.writeHead(206, {
      "content-length": Number(last) + 1 - Number(first),
      "content-range": `bytes ${first}-${last}/${body.byteLength}`,
      etag,
    });
    response.end(body.subarray(Number(first), Number(last) + 1));
  });
  return {
    source: createHttpSource(base),
    put: async (key: string, body: Uint8Array) => {
      version += 1;
      objects.set(key, { body, etag: `"${version}"` });
    },
    remove: async (key: string) => void objects.delete(key),
    close,
  };
}

describeSource("a web server", () => startStatic(true));
describeSource("a web server that knows no ranges", () => startStatic(false));

describe("an HTTP source", () => {
  afterEach(close);
  const signal = new AbortController().signal;
  /** For a server that never answers; an honest one on a busy machine can need longer. */
  const hasty = { ...remoteTimeouts, silence: 200 };
  const code = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    timeouts = remoteTimeouts,
  ) => {
    const source = createHttpSource(await listen(answer), timeouts);
    try {
      const { body, bytes } = await source.open("a.jpg", signal);
      await readWhole(body, bytes, () => true);
      return "ok";
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : error;
    }
  };

  test("the HTTP source logs in with user and password of its base, which are not part of the address", async () => {
    const seen: unknown[] = [];
    const base = await listen((request, response) => {
      seen.push([request.headers.authorization, request.headers.host, request.url]);
      response.writeHead(200, { "content-length": 0 }).end();
    });
    const { host } = base;
    base.username = "blog%40home";
    base.password = "p%3Aä";
    await createHttpSource(base).stat("a.jpg", signal);
    const login = Buffer.from("blog@home:p:ä").toString("base64");
    expect(seen).toEqual([[`Basic ${login}`, host, "/bucket/a.jpg"]]);
  });

  test("the HTTP source sends only the key, below its base", async () => {
    const seen: unknown[] = [];
    const base = await listen((request, response) => {
      seen.push([request.url, Object.keys(request.headers).sort()]);
      response.writeHead(200, { "content-length": 0 }).end();
    });
    await createHttpSource(base).open("a b/../c?x#y%2e%2e", signal);
    expect(seen).toEqual([
      ["/bucket/a%20b/../c%3Fx%23y%252e%252e", ["accept-encoding", "connection", "host"]],
    ]);
  });

  test("the HTTP source follows no redirect", async () => {
    let asked = 0;
    const elsewhere = await listen((_, response) => {
      asked += 1;
      response.end("secret");
    });
    for (const status of [301, 302, 303, 307, 308])
      expect(
        await code((_, response) => response.writeHead(status, { location: elsewhere.href }).end()),
      ).toBe("moved-source");
    expect(asked).toBe(0);
  });

  test.each([
    [403, "source-absent"],
    [404, "source-absent"],
    [410, "source-absent"],
    [400, "withheld-source"],
    [401, "source-misconfigured"],
    [402, "withheld-source"],
    [407, "source-misconfigured"],
    [408, "source-timeout"],
    [416, "bad-range"],
    [451, "withheld-source"],
    [204, "withheld-source"],
    [500, "source-failed"],
    [502, "source-failed"],
    [501, "source-misconfigured"],
    [503, "source-busy"],
    [504, "source-timeout"],
    [599, "source-failed"],
    [429, "source-busy"],
  ])("the HTTP source returns %i for %s", async (status, expected) => {
    expect(await code((_, response) => response.writeHead(status).end("why"))).toBe(expected);
  });

  test("the HTTP source fails, and never returns half an object, when the body is cut", async () => {
    expect(
      await code((_, response) => {
        response.writeHead(200, { "content-length": 10 }).write("12345");
        setTimeout(() => response.destroy(), 20);
      }),
    ).toBe("source-failed");
    expect(
      await code((_, response) => {
        response.writeHead(200);
        response.write("x");
        setTimeout(() => response.destroy(), 20);
      }),
    ).toBe("source-failed");
  });

  test("the HTTP source does not wait forever for a response head, a body or a slow body", async () => {
    expect(await code(() => undefined, hasty)).toBe("source-timeout");
    expect(
      await code((_, response) => {
        response.writeHead(200, { "content-length": 10 }).write("12345");
      }, hasty),
    ).toBe("source-timeout");
    const trickle = async (): Promise<unknown> =>
      code((_, response) => {
        response.writeHead(200, { "content-length": 1_000_000 });
        const drip = setInterval(() => response.write("x"), 50);
        response.on("close", () => clearInterval(drip));
      }, hasty);
    expect(await trickle()).toBe("source-timeout");
  });

  test("the HTTP source fails when nothing listens", async () => {
    const base = new URL(`http://127.0.0.1:${(await freePort()).port}/`);
    await expect(createHttpSource(base).stat("a", signal)).rejects.toThrow(
      expect.objectContaining({ code: "source-failed" }),
    );
  });

  test("the HTTP source makes a version from a strong ETag, else from time and length", async () => {
    const stat = async (headers: Record<string, string>) =>
      createHttpSource(
        await listen((_, response) =>
          response.writeHead(200, { "content-length": 3, ...headers }).end("abc"),
        ),
      ).stat("a", signal);
    const time = "Tue, 24 Nov 2026 10:00:00 GMT";
    expect((await stat({ etag: '"x"' })).validator).toBe('"x"');
    expect((await stat({ etag: 'W/"x"', "last-modified": time })).validator).toBe(`modified:${time} 3`);
  });
});
