/** The clients of a piece of work. */
export interface Clients {
  /** The clients that wait for it now, by address; more can join while it waits. */
  readonly names: Iterable<string>;
  /** Charges the work to the client that started it, in milliseconds of CPU time. */
  charge(cpuMs: number): void;
}

/** One client. @param charge undefined: the work is free. */
export function oneClient(name: string, charge: Clients["charge"] = () => undefined): Clients {
  return { names: [name], charge };
}

/** A publish is one client beside the readers: it has a share like each of them, and is not charged. */
export const publisher: Clients = oneClient("a publish");
