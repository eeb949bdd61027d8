import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Problem } from "../errors.ts";
import { traceHeaders } from "../trace.ts";
import { cut, exactly } from "./body.ts";
import { fromNodeBody } from "./node-body.ts";
import { type Patience, remotePatience, within } from "./patience.ts";
import { Refused } from "./refused.ts";
import type { ByteRange, Source, SourceStat } from "./source.ts";
import { validatorOf } from "./validator.ts";

/**
 * Photographs below an HTTP base URL, such as a public bucket. Nothing of the reader's request goes there but the key;
 * the key grammar has no dot segments, and no redirect is followed, so nothing but the base is ever asked.
 */
export function createHttpSource(base: URL, patience: Patience = remotePatience): Source {
  const send = createSender(base, patience);
  return {
    async stat(key, signal) {
      const response = await send("HEAD", key, signal);
      response.resume();
      return statOf(response, undefined);
    },
    async open(key, signal, range) {
      const response = await send("GET", key, signal, range);
      try {
        const part = response.statusCode === 206 ? range : undefined;
        const stat = statOf(response, part);
        const length = part === undefined ? stat.bytes : part.last + 1 - part.first;
        const body = exactly(fromNodeBody(response, patience, signal), length);
        // A server may answer a range with the whole (RFC 9110 §14.2).
        return { ...stat, body: range !== undefined && part === undefined ? cut(body, range) : body };
      } catch (error) {
        response.destroy();
        throw error;
      }
    },
  };
}

// --- requests ---

type Sender = (
  method: "GET" | "HEAD",
  key: string,
  signal: AbortSignal,
  range?: ByteRange,
) => Promise<IncomingMessage>;

function createSender(base: URL, patience: Patience): Sender {
  const secure = base.protocol === "https:";
  const options = { keepAlive: true, maxSockets: 64, timeout: 30_000 };
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  const request = secure ? httpsRequest : httpRequest;
  return (method, key, signal, range) =>
    within(
      patience.firstByte,
      signal,
      (signal) =>
        new Promise((resolve, reject) => {
          const sent = request({
            agent,
            signal,
            method,
            hostname: base.hostname.replace(/^\[(.*)\]$/, "$1"),
            port: base.port,
            path: base.pathname + key.split("/").map(encodeURIComponent).join("/"),
            headers: {
              host: base.host,
              // What is stored, not what a server makes of it: lengths and ranges hold for that.
              "accept-encoding": "identity",
              ...traceHeaders(),
              ...(range !== undefined && { range: `bytes=${range.first}-${range.last}` }),
            },
          });
          sent.on("error", (error) => reject(new Problem("source-failed", { cause: error })));
          sent.on("response", (response) => {
            const problem = problemOf(response);
            if (problem === undefined) return resolve(response);
            response.destroy();
            reject(problem);
          });
          hurryConnecting(sent, patience.connect);
          sent.end();
        }),
    );
}

/** A host that swallows packets must not cost the whole wait for a first byte. */
function hurryConnecting(sent: ReturnType<typeof httpRequest>, milliseconds: number): void {
  sent.on("socket", (socket) => {
    if (!socket.connecting) return;
    const late = new Problem("source-timeout", { cause: new Error("no connection") });
    const timer = setTimeout(() => sent.destroy(late), milliseconds);
    const settle = (): void => clearTimeout(timer);
    socket.once("connect", settle).once("close", settle);
  });
}

// --- responses ---

/** RGW and S3 answer 403 for a missing key in a bucket that not everybody may list: for the reader it is absent. */
function problemOf(response: IncomingMessage): Problem | undefined {
  const { statusCode = 0, headers } = response;
  if (statusCode === 200 || statusCode === 206) return undefined;
  const cause = new Error(`the source answered ${statusCode}`);
  if (statusCode === 404 || statusCode === 410) return new Problem("source-absent", { cause });
  if (statusCode === 403)
    return new Problem("source-absent", { cause: new Refused("the source answered 403") });
  if (statusCode !== 429 && statusCode !== 503) return new Problem("source-failed", { cause });
  const seconds = Number(headers["retry-after"]);
  const retryAfterSeconds = seconds >= 1 ? Math.min(seconds, 30) : undefined;
  return new Problem("source-busy", { cause, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });
}

function statOf({ headers }: IncomingMessage, part: ByteRange | undefined): SourceStat {
  if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
    throw failed(`the source sends content-encoding ${headers["content-encoding"]}`);
  const bytes = part === undefined ? headers["content-length"] : wholeLength(headers["content-range"], part);
  if (bytes === undefined || !/^\d{1,15}$/.test(bytes)) throw failed("the source names no length");
  const modified = new Date(headers["last-modified"] ?? Number.NaN);
  return {
    validator: validatorOf(headers.etag, headers["last-modified"], Number(bytes)),
    bytes: Number(bytes),
    ...(!Number.isNaN(modified.getTime()) && { modified }),
  };
}

function wholeLength(contentRange: string | undefined, part: ByteRange): string | undefined {
  const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? "") ?? [];
  if (Number(first) !== part.first || Number(last) !== part.last)
    throw failed("the source sends another range");
  return whole;
}

function failed(what: string): Problem {
  return new Problem("source-failed", { cause: new Error(what) });
}
