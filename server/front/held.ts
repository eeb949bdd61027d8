import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { toNodeHandler } from "h3";
import { isLocal } from "../api/authorize.ts";
import { Problem } from "../errors.ts";
import type { FreshnessPolicy } from "../http/freshness.ts";
import { problemAnswer, toProblem } from "../http/problem-json.ts";
import type { Answer } from "../http/response.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import type { Images } from "../image/image.ts";
import { readTrace, withTrace } from "../telemetry/trace-context.ts";
import { flatHeaders, type Recorder, requestIdOf } from "./access-log.ts";
import { type AppParts, createApp } from "./app.ts";
import { isForPicture } from "./broken-picture.ts";
import type { Exchange, Exchanges } from "./exchange.ts";

export interface FrontParts extends AppParts {
  readonly images: Images;
  readonly policy: FreshnessPolicy;
  /** The client's address: that of the peer, or the one that a trusted proxy names. */
  readonly client: (peer: string, forwardedFor: string | null) => string;
}

/**
 * The public port. Every image request begins here and nearly all end here: images.answer builds the response and node's
 * response sends it, because h3 costs three times as much as the rest of a hit, and a flood of refusals must be cheap.
 * h3 sends streams (originals) and has all other routes.
 */
export function createFront(parts: FrontParts): RequestListener {
  const { images, policy, report, basePath, dev, broken } = parts;
  const exchanges: Exchanges = new WeakMap();
  const app = toNodeHandler(createApp(parts, exchanges));
  const repeats = new WeakMap<Answer["headers"], Repeat>();

  return (req, res) => {
    const { headers, url = "" } = req;
    const exchange: Exchange = {
      id: requestIdOf(headers["x-request-id"]),
      trace: readTrace(headers.traceparent),
      started: performance.now(),
      ...targetOf(url),
    };
    const { id } = exchange;
    if (hasTwoHosts(req)) return send(req, res, problemAnswer(new Problem("bad-host"), id), exchange);
    if (!isImage(req, exchange)) return toApp(req, res, exchange);
    const answer = begin(req, res, exchange);
    if (!(answer instanceof Promise)) return send(req, res, answer, exchange);
    return answer
      .catch((error: unknown) => failed(req, res, error, exchange))
      .then((answer) => {
        if (answer.body instanceof ReadableStream) return toApp(req, res, { ...exchange, image: answer });
        return send(req, res, answer, exchange);
      });
  };

  // --- images ---

  function isImage({ method }: IncomingMessage, { path, query }: Exchange): boolean {
    return path === basePath && query !== "" && (method === "GET" || method === "HEAD");
  }

  function begin(req: IncomingMessage, res: ServerResponse, exchange: Exchange): Answer | Promise<Answer> {
    const { method = "", headers } = req;
    const { trace, query } = exchange;
    const call = {
      method,
      query,
      headers,
      client: () =>
        parts.client(req.socket.remoteAddress ?? "", headers["x-forwarded-for"]?.toString() ?? null),
      signal: () => signalOf(res),
    };
    try {
      return withTrace(trace, () => images.answer(call));
    } catch (error) {
      return failed(req, res, error, exchange);
    }
  }

  function failed(
    req: IncomingMessage,
    res: ServerResponse,
    error: unknown,
    { id, query }: Exchange,
  ): Answer | Promise<Answer> {
    const { headers } = req;
    const answer = problemAnswer(error, id, { policy });
    const subject = images.subjectOf({ query, headers });
    const noted = { ...answer, note: { ...subject, ...answer.note } };
    if (broken === undefined) return noted;
    // A browser may show the address itself after its picture, or before.
    const varying = { ...noted, headers: { ...noted.headers, vary: "Sec-Fetch-Dest" } };
    if (!isForPicture(headers["sec-fetch-dest"]?.toString(), varying)) return varying;
    return broken(varying, toProblem(error), {
      key: subject.key,
      mayList: isLocal(req),
      signal: signalOf(res),
    });
  }

  function send(req: IncomingMessage, res: ServerResponse, answer: Answer, exchange: Exchange): void {
    const { id, trace, started } = exchange;
    const { method = "" } = req;
    const { status, note, body } = answer;
    const ms = { total: performance.now() - started, ...note?.ms };
    const gone = res.destroyed;
    const repeat = note?.cache === "hit" ? repeatOf(answer) : undefined;
    if (!gone) {
      const timing = dev ? ["server-timing", formatServerTiming(ms)] : [];
      res.writeHead(status, [...(repeat?.flat ?? flatHeaders(answer)), ...timing, "x-request-id", id]);
      const isSent = method !== "HEAD" && status !== 304;
      res.end(isSent ? body : undefined);
    }
    const isRepeated = repeat !== undefined && method === "GET" && !gone;
    const record = isRepeated ? repeat.record : report.recorder(method, answer, gone);
    record(id, ms, trace);
  }

  function toApp(req: IncomingMessage, res: ServerResponse, exchange: Exchange): unknown {
    exchanges.set(req, exchange);
    return app(req, res);
  }

  /** A hit has the same headers each time, so they are prepared once. */
  function repeatOf(answer: Answer): Repeat {
    const known = repeats.get(answer.headers);
    if (known !== undefined) return known;
    const made = { flat: flatHeaders(answer), record: report.recorder("GET", answer, false) };
    repeats.set(answer.headers, made);
    return made;
  }
}

interface Repeat {
  /** A flat array of names and values. */
  readonly flat: readonly string[];
  readonly record: Recorder;
}

// --- parts ---

/** RFC 9112 §3.2: if two servers choose different Host headers, they see different requests. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}

function targetOf(url: string): Pick<Exchange, "path" | "query"> {
  // A proxy may send the absolute form (RFC 9112 §3.2.2).
  const target = url.startsWith("/") ? url : url.replace(/^[a-z]{1,16}:\/\/[^/?#]*/i, "");
  const mark = target.indexOf("?");
  if (mark === -1) return { path: target, query: "" };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Aborts when the reader disconnects before the response is sent. */
function signalOf(res: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) leaving.abort();
  });
  return leaving.signal;
}
