import { type ClientRequest, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { patienceOf, type Timeouts } from "./timeouts.ts";

/** Connections to one source, kept between requests. */
export interface Connections {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /**
   * Sends a request without a body, and once more on a fresh connection where a kept one was closed by the other side
   * before it answered: it was idle there for too long, or the server behind it has gone, and every other one that is idle
   * may be as old. That says nothing of the source, is bounded by the connections that are kept, and needs no budget.
   */
  send<T>(request: () => Promise<T>): Promise<T>;
}

export function createConnections(timeouts: Timeouts): Connections {
  const stale = new WeakSet<Error>();
  const options = { keepAlive: true, maxSockets: MOST, timeout: IDLE_MS };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);

  function dropIdle(): void {
    for (const { freeSockets } of [http, https])
      for (const socket of Object.values(freeSockets).flatMap((sockets = []) => sockets)) socket.destroy();
  }

  function watch(request: ClientRequest): void {
    // One that says nothing may have lost its other end without a word, and so may the others.
    const silent = setTimeout(dropIdle, patienceOf(timeouts) / 2);
    const settle = (): void => clearTimeout(silent);
    request.once("response", settle).once("close", settle);
    request.prependOnceListener("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") stale.add(error);
    });
  }

  for (const agent of [http, https]) {
    const reuse = agent.reuseSocket.bind(agent);
    agent.reuseSocket = (socket, request) => {
      reuse(socket, request);
      watch(request);
    };
  }

  function isStale(error: unknown): boolean {
    return error instanceof Error && (stale.has(error) || isStale(error.cause));
  }

  return {
    http,
    https,
    async send(request) {
      try {
        return await request();
      } catch (error) {
        if (!isStale(error)) throw error;
        dropIdle();
        return request();
      }
    },
  };
}

/** At once: the fetches, streams and questions of service.ts together, and checks whether an original has changed. */
const MOST = 128;
const IDLE_MS = 30_000;
