import type { Socket } from "node:net";

/** Open connections by peer: when nearly as many are open as may be, those that have most of them give way. */
export class ConnectionShares {
  readonly #most: number;
  readonly #peerOf: (address: string) => string | undefined;
  readonly #connections = new Map<Socket, Connection>();
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
    return this.#connections.keys();
  }

  /**
   * Takes a connection in. Beyond the limit, the peer that has most connections loses the idle one that it has not used
   * for longest. A peer without an idle one is passed over; where none has one, the newest of the peer that has most is closed.
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
   * A request has come on a connection. Whether its response is closed is looked up when connections run short: a listener
   * for it would cost each hit more than all else here.
   */
  begin(socket: Socket, response: Response): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.response = response;
    // A set keeps the order in which its members came: the one used last is at the end.
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

/** The connections of one peer, the one that was used last at the end. */
type Peer = Set<Connection>;

interface Connection {
  readonly socket: Socket;
  readonly peer: Peer | undefined;
  /** To the last request; absent before the first. */
  response: Response | undefined;
}

/** What is asked of node's response. */
interface Response {
  readonly closed: boolean;
}

function isIdle({ response }: Connection): boolean {
  return response?.closed ?? true;
}
