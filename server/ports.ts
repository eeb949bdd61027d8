import type { RequestListener } from "node:http";
import { connectionsWithin, descriptorLimit } from "./concurrency/descriptors.ts";
import type { Config } from "./config/load.ts";
import { clientAddress, isTrusted } from "./http/client-address.ts";
import { type Listening, listen, socketLimits } from "./http/listen.ts";
import type { Log } from "./telemetry/log.ts";

/** The ports of a server, with the limits on their connections. */
export interface Ports {
  /** Returns its URL. @throws Repairable */
  open(name: "PORT" | "ADMIN_PORT", listener: RequestListener): Promise<string>;
  /**
   * Closes the port that was opened last first: the admin port stays, so that a probe sees "not ready" and not a closed port.
   * @param left milliseconds until running requests are cut off.
   */
  close(left: () => number): Promise<void>;
}

/** @param onTrouble called for each failure of a connection or a port that serves on. */
export function createPorts(
  config: Config,
  log: Log,
  onTrouble: (what: string, error?: unknown) => void,
): Ports {
  const { host, port, adminPort, trustedProxies } = config;
  const numbers = { PORT: port, ADMIN_PORT: adminPort };
  const maxConnections = connectionsWithin(descriptorLimit(), socketLimits.maxConnections);
  if (maxConnections < socketLimits.maxConnections)
    log.warn("the limit of open files is low, so the number of connections is limited: raise `ulimit -n`", {
      maxConnections,
    });
  const limits = { ...socketLimits, timeout: silenceOf(config), maxConnections };
  const peerOf = (address: string): string | undefined =>
    isTrusted(address, trustedProxies) ? undefined : clientAddress(address, null, trustedProxies);
  const listeners: Listening[] = [];
  return {
    async open(name, listener) {
      const listening = await listen(
        listener,
        { name, port: numbers[name], host, onTrouble, peerOf },
        limits,
      );
      listeners.push(listening);
      return listening.url;
    },
    async close(left) {
      for (const listening of listeners.reverse()) await listening.close(left());
    },
  };
}

/** A connection without a byte for this long is closed. All limits on making an image are shorter, so the reader gets an answer. */
function silenceOf({ sourceTimeout, encodeTimeout, queueTimeout }: Config): number {
  // A job that crashes is tried once more, and work can wait for its turn up to five times.
  return Math.max(socketLimits.timeout, sourceTimeout + 2 * encodeTimeout + 5 * queueTimeout + 5_000);
}
