import type { Socket } from "node:net";

/** Open connections by peer: when nearly as many are open as may be, those that have most of them give way. */
export class ConnectionShares {
  readonly #most: number;
  readonly #peerOf: (address: string) => string | undefined;
  readonly #sockets = new Map<Socket, Connection>();
  readonly #peers = new Map<string, Peer>();

  /**
   * @param most connections beyond which others are closed.
   * @param peerOf a name for an address; undefined: it has no share, such as a proxy that many readers are behind.
   */
  constructor(most: number, peerOf: (address: string) => string | undefined) {
    this.#most = most;
    this.#peerOf = peerOf;
  }

  get sockets(): Iterable<Socket> {
    return this.#sockets.keys();
  }

  /**
   * Takes a connection in. Beyond the limit, the connection that is idle longest of the peer that has most idle ones is
   * closed; where none is idle, one of the peer that has most, which may be the new one.
   * @returns whether one was closed.
   */
  open(socket: Socket): boolean {
    const name = this.#peerOf(socket.remoteAddress ?? "");
    const peer =
      name === undefined ? undefined : (this.#peers.get(name) ?? { all: new Set(), idle: new Set() });
    if (name !== undefined && peer !== undefined) this.#peers.set(name, peer);
    this.#sockets.set(socket, { peer, requests: 0 });
    peer?.all.add(socket);
    peer?.idle.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#forget(socket, peer);
      if (name !== undefined && peer?.all.size === 0) this.#peers.delete(name);
    });
    if (this.#sockets.size <= this.#most) return false;
    const excess = this.#mostIdle(socket) ?? this.#newestOfMost();
    if (excess === undefined) return false;
    this.#forget(excess, this.#sockets.get(excess)?.peer);
    excess.destroy();
    return true;
  }

  /** A request has come on a connection. @returns to be called when it is answered, or never will be. */
  begin(socket: Socket): () => void {
    const connection = this.#sockets.get(socket);
    if (connection === undefined) return () => undefined;
    connection.requests++;
    connection.peer?.idle.delete(socket);
    return () => {
      connection.requests--;
      if (connection.requests === 0 && connection.peer?.all.has(socket)) connection.peer.idle.add(socket);
    };
  }

  #forget(socket: Socket, peer: Peer | undefined): void {
    peer?.all.delete(socket);
    peer?.idle.delete(socket);
  }

  #mostIdle(but: Socket): Socket | undefined {
    const peer = this.#peerWithMost(({ idle }) => idle.size);
    for (const socket of peer?.idle ?? []) if (socket !== but) return socket;
    return undefined;
  }

  #newestOfMost(): Socket | undefined {
    return [...(this.#peerWithMost(({ all }) => all.size)?.all ?? [])].at(-1);
  }

  #peerWithMost(sizeOf: (peer: Peer) => number): Peer | undefined {
    let most: Peer | undefined;
    for (const peer of this.#peers.values())
      if (sizeOf(peer) > (most === undefined ? 0 : sizeOf(most))) most = peer;
    return most;
  }
}

/** The connections of one peer; those without a request, the longest idle first. */
interface Peer {
  readonly all: Set<Socket>;
  readonly idle: Set<Socket>;
}

interface Connection {
  readonly peer: Peer | undefined;
  requests: number;
}
