import { H3, type H3Event, HTTPResponse } from "h3";
import { Problem } from "../errors.ts";
import { problemAnswer } from "../http/problem-json.ts";
import type { Answer } from "../http/response.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import type { ImageCall } from "../image/image.ts";
import { readTrace, withTrace } from "../telemetry/trace-context.ts";
import { type Reporter, requestIdOf, sentHeaders } from "./access-log.ts";

/** What the public port answers with. */
export interface AppParts {
  readonly image: (call: ImageCall) => Promise<Answer>;
  /** `/api/…`; absent without a token: it does not exist then. */
  readonly api?: (call: ApiCall) => Promise<Answer>;
  /** What is at `/` without a query; absent in production. */
  readonly welcome?: () => Answer;
  /** Who asks, for budgets: the peer, or whom a trusted proxy names. */
  readonly client: (peer: string, forwardedFor: string | null) => string;
  readonly report: Reporter;
  /** Tells a browser's network panel where the time went. */
  readonly dev: boolean;
  /** Where the images are below the host, with a slash at both ends. */
  readonly basePath: string;
}

/** A call of `/api`; `path` begins after `api/`. */
export interface ApiCall {
  readonly request: Request;
  readonly path: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

/**
 * The public port as an h3 app: GET, HEAD and OPTIONS on the base path, and `/api` for a publish. h3 finds no route
 * here but one: it answers a wrong method with 404, and what it does to paths is not what signatures are made over.
 */
export function createApp(parts: AppParts): H3 {
  const app: H3 = new H3();
  app.all("/**", async (event) => {
    const started = performance.now();
    const id = requestIdOf(event.req.headers.get("x-request-id"));
    const trace = readTrace(event.req.headers.get("traceparent"));
    const answer = await withTrace(trace, () => answerEvent(parts, event, id));
    const { method, signal } = event.req;
    const milliseconds = performance.now() - started;
    parts.report.tell({ method, id, answer, milliseconds, gone: signal.aborted, trace });
    const timing = { total: milliseconds, ...answer.note?.ms };
    return toResponse(answer, id, parts.dev ? { "server-timing": formatServerTiming(timing) } : {});
  });
  return app;
}

// --- routes ---

async function answerEvent(parts: AppParts, event: H3Event, id: string): Promise<Answer> {
  try {
    return await route(parts, event);
  } catch (error) {
    return problemAnswer(error, id);
  }
}

async function route(parts: AppParts, event: H3Event): Promise<Answer> {
  const { path, query } = targetOf(event);
  const { image, api, welcome, basePath } = parts;
  if (!path.startsWith(basePath)) throw nothingThere(basePath);
  const below = path.slice(basePath.length);
  const { req: request } = event;
  const { signal } = request;
  if (api !== undefined && below.startsWith("api/"))
    return api({ request, query, signal, path: below.slice("api/".length) });
  // Browsers ask for it on their own; it is no error of anybody's.
  if (below === "favicon.ico") return noIcon;
  if (below !== "") throw nothingThere(basePath);
  if (request.method === "OPTIONS") return preflight;
  if (request.method !== "GET" && request.method !== "HEAD") throw new Problem("bad-method");
  if (query === "") {
    if (welcome === undefined) throw nothingThere(basePath);
    return welcome();
  }
  return image({ request, query, signal, client: clientOf(parts, event) });
}

/** The path and the query as they came: h3's own URL resolves dots and decodes, and signatures hold for neither. */
function targetOf(event: H3Event): { readonly path: string; readonly query: string } {
  const raw = event.runtime?.node?.req.url ?? event.req.url;
  const target = raw.startsWith("/") ? raw : raw.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const mark = target.indexOf("?");
  return mark === -1
    ? { path: target, query: "" }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

function clientOf(parts: AppParts, event: H3Event): string {
  const peer = event.runtime?.node?.req.socket?.remoteAddress ?? "";
  return parts.client(peer, event.req.headers.get("x-forwarded-for"));
}

function nothingThere(basePath: string): Problem {
  return new Problem("no-route", { detail: `This server's images are at ${basePath}?img=<source key>.` });
}

const preflight: Answer = {
  status: 204,
  headers: {
    allow: "GET, HEAD, OPTIONS",
    "access-control-allow-methods": "GET, HEAD",
    "access-control-max-age": "86400",
    "cache-control": "no-store",
  },
  body: null,
};

const noIcon: Answer = { status: 204, headers: { "cache-control": "public, max-age=86400" }, body: null };

// --- responses ---

function toResponse(answer: Answer, id: string, more: Readonly<Record<string, string>>): HTTPResponse {
  const headers = { ...sentHeaders(answer, id), ...more };
  return new HTTPResponse(answer.body ?? "", { status: answer.status, headers });
}
