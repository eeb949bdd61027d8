import { H3, type H3Event, HTTPResponse } from "h3";
import { Problem } from "../errors.ts";
import { problemAnswer, toProblem } from "../http/problem-json.ts";
import { type Answer, isAnswer, noteOf } from "../http/response.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import { withTrace } from "../telemetry/trace-context.ts";
import { type Reporter, sentHeaders } from "./access-log.ts";
import { type BrokenPictures, isForPicture } from "./broken-picture.ts";
import type { Exchange, Exchanges } from "./exchange.ts";

/** The handlers of the public port, apart from images. */
export interface AppParts {
  /** `/api/…`; absent in production without a token: then the API does not exist. */
  readonly api?: H3;
  /** The page at `/` without a query; absent in production. */
  readonly help?: () => Answer;
  /** A file of the Studio's page by its path below the endpoint; absent where there is no Studio. */
  readonly studio?: (path: string) => Promise<Answer | undefined>;
  /** What a failing `<img>` shows; absent in production. */
  readonly broken?: BrokenPictures;
  readonly report: Reporter;
  /** Sends Server-Timing, which a browser's network panel shows. */
  readonly dev: boolean;
  /** Path of the images, with a slash at both ends. */
  readonly basePath: string;
}

/** The routes of the public port. Handlers return an Answer or throw; `respond` around them builds the response. */
export function createApp(parts: AppParts, exchanges: Exchanges): H3 {
  const { api, help, studio, basePath } = parts;
  const app = new H3({ silent: true, allowMalformedURL: true });
  const exchangeOf = (event: H3Event): Exchange => {
    const req = event.runtime?.node?.req;
    const exchange = req && exchanges.get(req);
    if (exchange === undefined) throw new Error("the request did not come through front/held.ts");
    return exchange;
  };

  app.use(respond(parts, exchangeOf));
  app.use((event) => {
    if (!isCanonical(event.url.pathname, exchangeOf(event), basePath)) throw notFound(basePath);
  });
  const image = (event: H3Event): Answer => {
    const { image } = exchangeOf(event);
    if (image !== undefined) return image;
    if (help === undefined) throw notFound(basePath);
    return help();
  };
  app.get(basePath, image);
  app.head(basePath, image);
  app.options(basePath, () => preflight);
  app.all(basePath, () => Promise.reject(new Problem("bad-method")));
  // Browsers request it on their own, so its absence is not an error.
  app.get(`${basePath}favicon.ico`, () => noIcon);
  app.head(`${basePath}favicon.ico`, () => noIcon);
  app.options(`${basePath}favicon.ico`, () => preflight);
  app.all(`${basePath}favicon.ico`, () => Promise.reject(new Problem("bad-method")));
  if (studio !== undefined) {
    const page = async (event: H3Event): Promise<Answer> => {
      const file = await studio(exchangeOf(event).path.slice(basePath.length));
      if (file === undefined) throw notFound(basePath);
      return file;
    };
    for (const path of ["_studio", "_studio/**"]) app.get(`${basePath}${path}`, page);
    for (const path of ["_studio", "_studio/**"]) app.head(`${basePath}${path}`, page);
    const refused = () => Promise.reject(new Problem("bad-method", { methods: "GET, HEAD" }));
    for (const path of ["_studio", "_studio/**"]) app.all(`${basePath}${path}`, refused);
  }
  if (api !== undefined) app.mount(`${basePath}api`, api);
  app.all("/**", () => Promise.reject(notFound(basePath)));
  return app;
}

// --- around every route ---

function respond(
  { report, dev, basePath, broken }: Pick<AppParts, "report" | "dev" | "basePath" | "broken">,
  exchangeOf: (event: H3Event) => Exchange,
) {
  /** Only an address without a photograph gets here. */
  const failed = (
    { headers, signal }: Request,
    error: unknown,
    id: string,
    isCall: boolean,
  ): Answer | Promise<Answer> => {
    const answer = problemAnswer(error, id, { isCall });
    if (broken === undefined || !isForPicture(headers.get("sec-fetch-dest"), answer)) return answer;
    return broken(answer, toProblem(error), { mayList: false, signal });
  };
  return async (event: H3Event, next: () => unknown): Promise<HTTPResponse> => {
    const { id, trace, started, path } = exchangeOf(event);
    const isCall = path.startsWith(`${basePath}api/`);
    const given = await withTrace(trace, async () => asAnswer(await next())).catch((error: unknown) =>
      failed(event.req, error, id, isCall),
    );
    const answer = { ...given, note: { ...callIn(path, basePath), ...noteOf(event), ...given.note } };
    const { method, signal } = event.req;
    const ms = { total: performance.now() - started, ...answer.note?.ms };
    report.recorder(method, answer, signal.aborted)(id, ms, trace);
    const timing = dev ? { "server-timing": formatServerTiming(ms) } : {};
    const isPublic = !isCall && !path.startsWith(`${basePath}_studio`);
    const headers = { ...sentHeaders(answer, id, isPublic), ...timing };
    return new HTTPResponse(answer.body ?? "", { status: answer.status, headers });
  };
}

/** The first name below `/api/`, as it was sent; a longer path can contain anything. */
function callIn(path: string, basePath: string): { readonly call?: string } {
  const below = path.startsWith(`${basePath}api/`) ? path.slice(basePath.length + 4) : "";
  const [call] = /^[a-z]{1,20}(?![^/])/.exec(below) ?? [];
  return call === undefined ? {} : { call };
}

function asAnswer(value: unknown): Answer {
  if (isAnswer(value)) return value;
  throw new Error("a route returned no Answer");
}

/**
 * Whether the path is exactly as sent. h3 resolves `/x/../api/` and decodes `/%61pi/`, and its router accepts a trailing
 * slash; a proxy in front that protects `/api/` compares the bytes that were sent.
 */
function isCanonical(routed: string, { path }: Exchange, basePath: string): boolean {
  if (routed !== path || path.includes("//")) return false;
  const isFolder = path === basePath || path === `${basePath}_studio/`;
  return path.startsWith(basePath) && (isFolder || !path.endsWith("/"));
}

function notFound(basePath: string): Problem {
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
