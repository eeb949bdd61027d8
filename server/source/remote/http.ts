import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { parseRetryAfter } from "../../../contract/retry-after.ts";
import { defaultSourceBytes } from "../../encode/limits.ts";
import { Problem } from "../../errors.ts";
import type { ByteRange } from "../../http/range.ts";
import { traceHeaders } from "../../telemetry/trace-context.ts";
import { failedProblem } from "../shortage.ts";
import type { Source } from "../source.ts";
import { asUploaded, type StoredSource, type StoredStat } from "../stored.ts";
import { validatorOf } from "../validator.ts";
import { createConnections } from "./connections.ts";
import { faultProblem } from "./faults.ts";
import { fromNodeBody } from "./node-body.ts";
import { remoteTimeouts, type Timeouts, within } from "./timeouts.ts";

/**
 * Photographs below an HTTP base URL, such as a public bucket. It gets nothing of the reader's request except the key. The key
 * grammar has no dot segments and no redirect is followed, so no request leaves the base.
 * @param mostBytes of an object with a coding, or without a length.
 */
export function createHttpSource(
  base: URL,
  timeouts: Timeouts = remoteTimeouts,
  mostBytes: number = defaultSourceBytes,
): Source {
  const send = createSender(base, timeouts);
  const stored: StoredSource = {
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
        const isPart = part !== undefined;
        return { ...stat, body: fromNodeBody(response, length, timeouts, signal), isPart };
      } catch (error) {
        response.destroy();
        throw error;
      }
    },
  };
  return asUploaded(stored, mostBytes);
}

// --- requests ---

type Sender = (
  method: "GET" | "HEAD",
  key: string,
  signal: AbortSignal,
  range?: ByteRange,
) => Promise<IncomingMessage>;

function createSender(base: URL, timeouts: Timeouts): Sender {
  const secure = base.protocol === "https:";
  const connections = createConnections(timeouts);
  const login = basicLogin(base);
  const agent = secure ? connections.https : connections.http;
  const request = secure ? httpsRequest : httpRequest;
  return (method, key, signal, range) =>
    within(timeouts.silence, signal, (signal) =>
      connections.send(
        () =>
          new Promise((resolve, reject) => {
            signal.throwIfAborted();
            const sent = request({
              agent,
              method,
              hostname: base.hostname.replace(/^\[(.*)\]$/, "$1"),
              port: base.port,
              path: base.pathname + key.split("/").map(encodeURIComponent).join("/"),
              headers: {
                host: base.host,
                // The stored bytes, not a compressed form: lengths and ranges refer to them.
                "accept-encoding": "identity",
                ...traceHeaders(),
                ...login,
                ...(range !== undefined && { range: `bytes=${range.first}-${range.last}` }),
              },
            });
            // Not the option `signal`, which costs several listeners more.
            const leave = (): void => void sent.destroy(new Error("the reader has left"));
            signal.addEventListener("abort", leave, { once: true });
            sent.on("error", (error) => reject(failedProblem(error)));
            sent.on("response", (response) => {
              if (response.statusCode === 200 || response.statusCode === 206) return resolve(response);
              void codeIn(response).then((code) => {
                response.destroy();
                reject(problemOf(response, code));
              });
            });
            sent.end();
          }),
      ),
    );
}

/** `user:password@` of the base, because node:http does not use these parts of a URL (RFC 7617). */
function basicLogin({ username, password }: URL): { readonly authorization?: string } {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

// --- responses ---

function problemOf({ statusCode: status = 0, headers }: IncomingMessage, code: string | undefined): Problem {
  const waitMs = parseRetryAfter(headers["retry-after"]);
  return faultProblem({
    status,
    cause: new Error(`the source answered ${status}`),
    ...(code !== undefined && { code }),
    ...(waitMs !== undefined && { retryAfterSeconds: waitMs / 1000 }),
  });
}

/** S3's errors have some hundred bytes. */
const MOST_ERROR_BYTES = 4096;

/** The code of a public bucket, which says whether the object or the bucket is missing. A HEAD has none. */
async function codeIn(response: IncomingMessage): Promise<string | undefined> {
  if (!/\bxml\b/.test(response.headers["content-type"] ?? "")) return undefined;
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MOST_ERROR_BYTES) break;
    }
  } catch {
    // Cut off: the status says enough.
  }
  return /<Error>.*?<Code>(\w{1,60})<\/Code>/s.exec(text)?.[1];
}

function statOf({ headers }: IncomingMessage, part: ByteRange | undefined): StoredStat {
  const named = part === undefined ? headers["content-length"] : wholeLength(headers["content-range"], part);
  if (named !== undefined && !/^\d{1,15}$/.test(named)) throw unusable("the source names no length");
  const modified = new Date(headers["last-modified"] ?? Number.NaN);
  return {
    bytes: named === undefined ? undefined : Number(named),
    validator: (bytes) => validatorOf(headers.etag, headers["last-modified"], bytes),
    ...(!Number.isNaN(modified.getTime()) && { modified }),
    encoding: headers["content-encoding"],
  };
}

/** undefined if the source does not know it (RFC 9110 §14.4). */
function wholeLength(contentRange: string | undefined, part: ByteRange): string | undefined {
  const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(contentRange ?? "") ?? [];
  if (Number(first) !== part.first || Number(last) !== part.last)
    throw unusable("the source sends another range");
  return whole === "*" ? undefined : whole;
}

/** An answer that an HTTP server with photographs should not give. */
function unusable(what: string): Problem {
  return new Problem("source-misconfigured", { cause: new Error(what) });
}
