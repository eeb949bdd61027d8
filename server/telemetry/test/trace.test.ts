import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { createHttpSource } from "../../source/remote/http.ts";
import { createS3Source } from "../../source/remote/s3.ts";
import type { Source } from "../../source/source.ts";
import { readTrace, traceHeaders, withTrace } from "../trace-context.ts";

const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a traceparent is read, and passed on with a span of this server", () => {
  const trace = readTrace(header);
  expect(trace?.id).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(trace?.parent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
  expect(trace?.parent).not.toBe(header);
});

test.each([
  null,
  "",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  `${header}\r\nx-evil: 1`,
])("%j is not a trace", (text) => {
  expect(readTrace(text)).toBeUndefined();
});

test("outside of a trace no header is sent", () => {
  expect(traceHeaders()).toEqual({});
  expect(withTrace(undefined, traceHeaders)).toEqual({});
});

test("promises cost nothing more once no traced request runs, however it has ended", async () => {
  // While they are watched, Node 20 marks each of them with an id.
  const marks = () => Object.getOwnPropertySymbols(Promise.resolve()).length;
  const trace = readTrace(header);
  const before = marks();
  let finish = (): void => undefined;
  const lasting = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const first = withTrace(trace, () => lasting);
  const failing = withTrace(trace, async () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(() =>
    withTrace(trace, () => {
      throw new Error("at once");
    }),
  ).toThrow("at once");
  expect(withTrace(trace, traceHeaders)).toEqual({ traceparent: trace?.parent });
  finish();
  await first;
  await new Promise(setImmediate);
  expect(marks()).toBe(before);
});

test.each(["http", "s3"] as const)(
  "the %s source gets the trace of the request, and no other",
  async (kind) => {
    const asked: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      asked.push(request);
      response
        .writeHead(200, { "content-length": 3, etag: '"a"' })
        .end(request.method === "HEAD" ? "" : "abc");
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const source = await open(kind, `http://127.0.0.1:${address.port}`);
    const trace = readTrace(header);
    await Promise.all([
      withTrace(trace, () => source.stat("a.jpg", new AbortController().signal)),
      source.stat("b.jpg", new AbortController().signal),
    ]);
    const sent = Object.fromEntries(
      asked.map(({ url, headers }) => [url?.split("/").at(-1), headers.traceparent]),
    );
    expect(sent).toEqual({ "a.jpg": trace?.parent, "b.jpg": undefined });
    // A signature over the trace would not be valid behind a proxy that continues the trace.
    for (const { headers } of asked) expect(headers.authorization ?? "").not.toContain("traceparent");
  },
);

async function open(kind: "http" | "s3", base: string): Promise<Source> {
  if (kind === "http") return createHttpSource(new URL(`${base}/`));
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return createS3Source({
    bucket: "b",
    prefix: "",
    endpoint: base,
    forcePathStyle: true,
    region: "r",
    credentials,
  });
}
