import { type ClientRequest, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { patienceOf, type Timeouts } from "./timeouts.ts";

/** Kept-alive connections to one source. */
export interface Connections {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /**
   * Sends a request without a body. If the other side closed a kept connection before it answered, sends it once more on a new
   * connection: the old one was idle for too long, or the server behind it is gone, and the other idle ones may be as old. This
   * says nothing about the source, is limited by the number of kept connections, and needs no retry budget.
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
    // A silent connection may have lost its peer without notice, and so may the others.
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

/** Parallel connections: the fetches, streams and HEADs of service.ts together, and revalidations. */
const MOST = 128;
const IDLE_MS = 30_000;
