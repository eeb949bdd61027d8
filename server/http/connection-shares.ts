import type { Socket } from "node:net";

/** Open connections by peer: when they run short, the peers with most of them lose some. */
export class ConnectionShares {
  readonly #most: number;
  readonly #peerOf: (address: string) => string | undefined;
  readonly #connections = new Map<Socket, Connection>();
  readonly #peers = new Map<string, Peer>();

  /**
   * @param most number of connections above which others are closed.
   * @param peerOf the name of an address's peer; undefined: it has no share, such as a proxy with many readers behind it.
   */
  constructor(most: number, peerOf: (address: string) => string | undefined) {
    this.#most = most;
    this.#peerOf = peerOf;
  }

  get sockets(): Iterable<Socket> {
    return this.#connections.keys();
  }

  /**
   * Adds a connection. Above the limit, the peer with most connections loses its longest idle one. A peer without idle connections is
   * skipped; if none has one, the newest connection of the peer with most is closed.
   * @returns whether one was closed.
   */
  open(socket: Socket): boolean {
    const name = this.#peerOf(socket.remoteAddress ?? "");
    const peer = name === undefined ? undefined : (this.#peers.get(name) ?? new Set());
    if (name !== undefined && peer !== undefined) this.#peers.set(name, peer);
    const connection: Connection = { socket, peer, response: undefined };
    this.#connections.set(socket, connection);
    peer?.add(connection);
    socket.once("close", () => {
      this.#forget(connection);
      if (name !== undefined && peer?.size === 0 && this.#peers.get(name) === peer) this.#peers.delete(name);
    });
    if (this.#connections.size <= this.#most) return false;
    const excess = this.#excess(connection);
    if (excess === undefined) return false;
    this.#forget(excess);
    excess.socket.destroy();
    return true;
  }

  /**
   * A request has arrived on a connection. Whether its response is finished is checked only when connections run short: a listener for
   * it would cost each hit more than everything else here.
   */
  begin(socket: Socket, response: Response): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.response = response;
    // A set keeps insertion order: the last used one is at the end.
    if (connection.peer?.delete(connection)) connection.peer.add(connection);
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection.socket);
    connection.peer?.delete(connection);
  }

  #excess(newest: Connection): Connection | undefined {
    const peers = [...this.#peers.values()].sort((a, b) => b.size - a.size);
    for (const peer of peers)
      for (const connection of peer) if (connection !== newest && isIdle(connection)) return connection;
    return [...(peers[0] ?? [])].at(-1);
  }
}

/** The connections of one peer, the last used one at the end. */
type Peer = Set<Connection>;

interface Connection {
  readonly socket: Socket;
  readonly peer: Peer | undefined;
  /** The response to the last request; undefined before the first. */
  response: Response | undefined;
}

/** The used part of node's response. */
interface Response {
  readonly closed: boolean;
}

function isIdle({ response }: Connection): boolean {
  return response?.closed ?? true;
}
