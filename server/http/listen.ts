import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Repairable } from "../errors.ts";
import { ConnectionShares } from "./connection-shares.ts";

/** A listening port. */
export interface Listening {
  readonly port: number;
  readonly url: string;
  /** Accepts no new connection, closes the idle ones, and waits at most this time for running requests. */
  close(milliseconds: number): Promise<void>;
}

/** An address on which the server cannot listen; the message has the remedy. */
export class CannotListen extends Repairable {}

/** Limits of a socket, in milliseconds and numbers; with node:http's names. */
export interface SocketLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly keepAliveTimeout: number;
  /** Without a byte in either direction: longer than making any image. */
  readonly timeout: number;
  readonly maxConnections: number;
}

/**
 * Against slow-loris. Keep-alive is longer than an ingress's 60 s, which would otherwise use closed connections (imgproxy#171). A
 * request may last longer than its head: 64 MiB of a publish over a slow line are read as fast as they can be checked.
 */
export const socketLimits: SocketLimits = {
  headersTimeout: 10_000,
  requestTimeout: 600_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 75_000,
  timeout: 30_000,
  maxConnections: 4096,
};

/** Where to listen, and callbacks for later events of the port. */
export interface ListenAt {
  readonly port: number;
  readonly host: string;
  /** Name of the setting. */
  readonly name: string;
  /** A connection was refused, or not answered because of a bug; the port continues to listen. */
  readonly onTrouble?: (what: string, error?: unknown) => void;
  /** Maps addresses to peers that share the connections; undefined: a proxy, which has no share. Default: each address is a peer. */
  readonly peerOf?: (address: string) => string | undefined;
}

/** @throws CannotListen */
export async function listen(
  listener: RequestListener,
  at: ListenAt,
  limits: SocketLimits = socketLimits,
): Promise<Listening> {
  const { onTrouble = () => undefined, peerOf = (address) => address } = at;
  const shares = new ConnectionShares(
    limits.maxConnections - Math.floor(limits.maxConnections * KEPT_FREE),
    peerOf,
  );
  let isClosing = false;
  const server = createServer({ ...limits, maxHeaderSize: MAX_HEAD_BYTES }, (req, res) => {
    // A request during the shutdown is answered, with Connection: close.
    if (isClosing) res.shouldKeepAlive = false;
    shares.begin(req.socket, res);
    // An unexpected error ends this connection and not the process.
    const cut = (error: unknown): void => {
      res.destroy();
      onTrouble("a request was not answered", error);
    };
    try {
      const answering: unknown = listener(req, res);
      if (answering instanceof Promise) answering.catch(cut);
    } catch (error) {
      cut(error);
    }
  });
  server.on("connection", (socket: Socket) => {
    if (shares.open(socket)) onTrouble("connections run short: the peers with most of them lose idle ones");
  });
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.timeout);
  await bindAnyFamily(server, at);
  // `accept` can fail if there are no descriptors or memory.
  server.on("error", (error) => onTrouble("a connection could not be accepted", error));
  server.on("drop", () => onTrouble(`a connection was refused: ${limits.maxConnections} are open`));
  const address = addressOf(server);
  return {
    port: address.port,
    url: `http://${hostOf(address)}:${address.port}/`,
    close: (milliseconds) => {
      isClosing = true;
      return close(server, shares, milliseconds);
    },
  };
}

// --- sockets ---

const MAX_HEAD_BYTES = 16 * 1024;

/** Of all connections: a burst of new ones arrives before others are closed. */
const KEPT_FREE = 1 / 8;

/** `::` means every address; a machine without IPv6 has only IPv4. */
async function bindAnyFamily(server: Server, at: ListenAt): Promise<void> {
  try {
    await bind(server, at);
  } catch (error) {
    if (at.host !== "::" || !(error instanceof CannotListen) || !isWithoutIpv6(error.cause)) throw error;
    await bind(server, { ...at, host: "0.0.0.0" });
  }
}

function isWithoutIpv6(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}

function bind(server: Server, { port, host, name }: ListenAt): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void =>
      reject(new CannotListen(remedyFor(error, port, host, name), { cause: error }));
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

function remedyFor(error: NodeJS.ErrnoException, port: number, host: string, name: string): string {
  if (error.code === "EADDRINUSE") {
    const mac =
      port === 5000 ? " (on macOS it is AirPlay Receiver, which System Settings can switch off)" : "";
    return `${name}: port ${port} is taken by another program${mac}; stop it or set ${name} to another port`;
  }
  if (error.code === "EACCES") return `${name}: port ${port} needs privileges; set ${name} to one above 1023`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return `HOST: this machine has no address ${host}; set HOST to 0.0.0.0, :: or 127.0.0.1`;
  return `${name}: cannot listen on ${host}:${port}: ${error.message}`;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return address;
}

function hostOf({ address, family }: AddressInfo): string {
  if (address === "::" || address === "0.0.0.0") return "localhost";
  return family === "IPv6" ? `[${address}]` : address;
}

/** A client that has connected to send a request has begun by then. */
const SILENCE_MS = 500;

/** Turns of the event loop; a flood of new connections must not keep a server alive. */
const MOST_TURNS = 1_000;

/** When a port is closed, the system resets connections that it has opened and that are not accepted yet. */
async function acceptOpened(server: Server): Promise<void> {
  // A connection can be ready after the first turn has looked for it.
  let idle = 0;
  const accepted = (): void => {
    idle = -1;
  };
  server.on("connection", accepted);
  for (let turn = 0; turn < MOST_TURNS && idle < 2; turn++) {
    await nextTurn();
    idle += 1;
  }
  server.off("connection", accepted);
}

/**
 * `server.close()` alone leaves a kept-alive connection open that was busy at that moment, until its timeout; so idle connections
 * are closed repeatedly until none is left.
 */
async function close(server: Server, { sockets }: ConnectionShares, milliseconds: number): Promise<void> {
  await acceptOpened(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Browsers open connections in advance, and node:http counts one without a request as busy.
  const silent = setTimeout(() => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, SILENCE_MS);
  const ending = setInterval(() => server.closeIdleConnections(), 50);
  const cutting = setTimeout(() => server.closeAllConnections(), milliseconds);
  await closed;
  clearInterval(ending);
  clearTimeout(cutting);
  clearTimeout(silent);
}
