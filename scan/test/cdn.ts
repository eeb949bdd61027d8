import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy in front of the server in a test: it passes requests on, with the given faults. */
export interface Cdn extends AsyncDisposable {
  readonly endpoint: string;
}

/** How the CDN changes an answer; the headers are at first those of the proxy's answer. */
export interface CdnHabits {
  /** The cache key that is made from a request; if absent, no answer is cached. */
  readonly keyOf?: (request: IncomingMessage) => string;
  /** Headers to set or, with undefined, to remove: of a cached answer (`hit`), and of one that is not cached. */
  readonly headers?: (hit: boolean) => Readonly<Record<string, string | undefined>>;
  /** Its own answer, without a request to the proxy. */
  readonly instead?: (request: IncomingMessage) => Instead | undefined;
}

export interface Instead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Kept {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** @param origin the proxy's endpoint. */
export async function startCdn(origin: string, habits: CdnHabits): Promise<Cdn> {
  const kept = new Map<string, Kept>();
  const server = createServer((request, response) => {
    const instead = habits.instead?.(request);
    if (instead === undefined) return void pass(origin, habits, kept, request, response);
    response.writeHead(instead.status, { ...instead.headers }).end(instead.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(
  origin: string,
  { keyOf, headers }: CdnHabits,
  kept: Map<string, Kept>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const key = keyOf?.(request);
  const known = key === undefined ? undefined : kept.get(key);
  const answer = known ?? (await ask(origin, request));
  if (key !== undefined) kept.set(key, answer);
  const all = { ...answer.headers, ...headers?.(known !== undefined) };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value);
  response.writeHead(answer.status).end(answer.body);
}

function ask(origin: string, request: IncomingMessage): Promise<Kept> {
  const { url = "/", method = "GET", headers } = request;
  return new Promise((resolve, reject) => {
    const sent = send(new URL(url, origin), { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.pipe(sent.on("error", reject));
  });
}
