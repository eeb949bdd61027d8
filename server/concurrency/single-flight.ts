import { Problem } from "../errors.ts";
import { type Clients, publisher } from "./clients.ts";

/** Work that many ask for and one does. */
export interface SingleFlight<T> {
  /**
   * The result of the work under this name: started by the first who asks, shared by all who ask while it runs, its
   * failure too. Who leaves (by its signal) leaves the others their result; the work's own signal aborts when the
   * last one has left. It is done for the clients of all who wait, and charged to those of the first.
   * @throws Problem `busy` when more wait than may; the signal's reason when it aborts.
   */
  do(name: string, signal: AbortSignal, work: Work<T>, clients?: Clients): Promise<T>;
  /** Works under way. */
  readonly size: number;
}

export type Work<T> = (signal: AbortSignal, clients: Clients) => Promise<T>;

/** @param mostWaiting over all names; a reader holds a socket and a place here until the work is done. */
export function createSingleFlight<T>(mostWaiting = 10_000): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  let waiting = 0;

  async function join(name: string, signal: AbortSignal, work: Work<T>, clients: Clients): Promise<T> {
    signal.throwIfAborted();
    if (waiting >= mostWaiting) throw new Problem("busy");
    const flight = flights.get(name) ?? depart(flights, name, work, clients);
    const waiter = { clients };
    flight.waiters.add(waiter);
    waiting += 1;
    try {
      return await orAbort(flight.result, signal);
    } finally {
      waiting -= 1;
      flight.waiters.delete(waiter);
      if (flight.waiters.size === 0) abandon(flights, name, flight);
    }
  }

  return {
    get size() {
      return flights.size;
    },
    async do(name, signal, work, clients = publisher) {
      const known = flights.get(name);
      try {
        return await join(name, signal, work, clients);
      } catch (error) {
        // Another client had too much to do to be given a turn; that says nothing of this one.
        if (known === undefined || isOf(clients, known.first) || !isBusy(error) || signal.aborted)
          throw error;
        return join(name, signal, work, clients);
      }
    },
  };
}

// --- flights ---

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  /** The clients that began it. */
  readonly first: Clients;
  readonly waiters: Set<{ readonly clients: Clients }>;
}

function depart<T>(flights: Map<string, Flight<T>>, name: string, work: Work<T>, first: Clients): Flight<T> {
  const controller = new AbortController();
  const waiters: Flight<T>["waiters"] = new Set();
  const names = {
    *[Symbol.iterator]() {
      // The first of them has not joined yet when the work starts.
      if (waiters.size === 0) yield* first.names;
      for (const { clients } of waiters) yield* clients.names;
    },
  };
  const clients: Clients = { names, charge: (cpuMs) => first.charge(cpuMs) };
  const result = work(controller.signal, clients).finally(() => {
    if (flights.get(name) === flight) flights.delete(name);
  });
  // The last waiter may have left before it fails: nobody is there to hear it then.
  result.catch(() => undefined);
  const flight: Flight<T> = { result, controller, first, waiters };
  flights.set(name, flight);
  return flight;
}

/** Whoever asks after the last one left starts anew rather than catching the abort of others. */
function abandon<T>(flights: Map<string, Flight<T>>, name: string, flight: Flight<T>): void {
  if (flights.get(name) === flight) flights.delete(name);
  flight.controller.abort(new Error("everyone who waited has left"));
}

function orAbort<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

function isBusy(error: unknown): boolean {
  return error instanceof Problem && error.code === "busy";
}

function isOf(clients: Clients, first: Clients): boolean {
  const names = new Set(first.names);
  return [...clients.names].every((name) => names.has(name));
}
