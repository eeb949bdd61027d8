import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InvalidRequest, parseQuery } from "../../../contract/url/request.ts";

/** A server with the proxy's HTTP interface that fails on demand; a real one fails only by chance. */
export interface StandIn extends AsyncDisposable {
  readonly endpoint: string;
  /** Every image request as `<Accept class> <query>`, in order; JSON ones have no class. */
  readonly asked: string[];
  /** Answers for the next requests, instead of the normal ones; `hang` never answers. */
  readonly failures: (Failure | "hang")[];
}

export interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * @param photos its keys, each with a displayed width.
 * @param port 0 for a free one.
 */
export async function startStandIn(photos: Readonly<Record<string, number>>, port = 0): Promise<StandIn> {
  const asked: string[] = [];
  const failures: (Failure | "hang")[] = [];
  const cached = new Set<string>();
  const server = createServer((request, response) => {
    const failure = failures.shift();
    if (failure === "hang") return;
    if (failure !== undefined) response.writeHead(failure.status, { ...failure.headers }).end();
    else answer(request, response, photos, asked, cached);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: taken } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${taken}/`,
    asked,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  photos: Readonly<Record<string, number>>,
  asked: string[],
  cached: Set<string>,
): void {
  const query = (request.url ?? "").split("?")[1] ?? "";
  const parsed = parsedQuery(query);
  const width = parsed && photos[parsed.key];
  if (parsed === undefined) refuse(response, 400, "invalid-request", "the query is wrong");
  else if (width === undefined) refuse(response, 404, "source-absent", "There is no such photograph.");
  else if (width === 0) refuse(response, 422, "unreadable-source", "it ends in the middle");
  else if (parsed.format === "json") {
    asked.push(query);
    json(response, 200, {
      key: parsed.key,
      width,
      height: width / 2,
      type: "image/jpeg",
      bytes: 1_000_000,
      version: "0123456789",
      frames: 1,
      alpha: false,
      color: "#102030",
    });
  } else image(request, response, query, parsed.width ?? 1000, asked, cached);
}

function image(
  request: IncomingMessage,
  response: ServerResponse,
  query: string,
  width: number,
  asked: string[],
  cached: Set<string>,
): void {
  const accept = request.headers.accept ?? "";
  const name = accept.includes("avif") ? "avif" : accept.includes("webp") ? "webp" : "none";
  const entry = `${name} ${query}`;
  asked.push(entry);
  const status = cached.has(entry) ? "hit" : "fwd=miss";
  cached.add(entry);
  response.writeHead(200, {
    "content-type": `image/${name}`,
    "cache-status": `imgproxy-lite; ${status}`,
    vary: "Accept",
  });
  response.end(Buffer.alloc(width * 10));
}

function parsedQuery(query: string) {
  try {
    return parseQuery(query);
  } catch (error) {
    if (error instanceof InvalidRequest) return undefined;
    throw error;
  }
}

function refuse(response: ServerResponse, status: number, code: string, detail: string): void {
  json(response, status, { code, status, title: code, detail });
}

function json(response: ServerResponse, status: number, body: object): void {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}
