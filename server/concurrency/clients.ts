/** The clients that a piece of work is done for. */
export interface Clients {
  /** Those that wait for it at this moment, by address; more may join while it waits. */
  readonly names: Iterable<string>;
  /** Charges the work to the client that began it, in milliseconds of CPU time. */
  charge(cpuMs: number): void;
}

/** One client. @param charge absent: the work is free. */
export function oneClient(name: string, charge: Clients["charge"] = () => undefined): Clients {
  return { names: [name], charge };
}

/** A publish is one client beside the readers: it has a share as each of them does, and pays nothing. */
export const publisher: Clients = oneClient("a publish");
