import { Problem } from "../errors.ts";
import { type Clients, publisher } from "./clients.ts";

/** Single-flight: one piece of work for all that need its result. */
export interface SingleFlight<T> {
  /**
   * The result of the work under this name. The first caller starts it; callers that come while it runs share it, including its
   * failure. A caller that leaves (by its signal) does not affect the others; the work's own signal aborts when the last one has
   * left. The work belongs to the clients of all waiting callers, and the first one's clients are charged.
   * @throws Problem `busy` if too many wait; the signal's reason when it aborts.
   */
  do(name: string, signal: AbortSignal, work: Work<T>, clients?: Clients): Promise<T>;
  /** Number of running pieces of work. */
  readonly size: number;
}

export type Work<T> = (signal: AbortSignal, clients: Clients) => Promise<T>;

/** @param mostWaiting over all names; a waiting reader uses a socket and memory here. */
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
        // Refused because another client had too much in the queue; that does not apply to this one.
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
  /** The clients that started it. */
  readonly first: Clients;
  readonly waiters: Set<{ readonly clients: Clients }>;
}

function depart<T>(flights: Map<string, Flight<T>>, name: string, work: Work<T>, first: Clients): Flight<T> {
  const controller = new AbortController();
  const waiters: Flight<T>["waiters"] = new Set();
  const names = {
    *[Symbol.iterator]() {
      // The first caller has not joined yet when the work starts.
      if (waiters.size === 0) yield* first.names;
      for (const { clients } of waiters) yield* clients.names;
    },
  };
  const clients: Clients = { names, charge: (cpuMs) => first.charge(cpuMs) };
  const result = work(controller.signal, clients).finally(() => {
    if (flights.get(name) === flight) flights.delete(name);
  });
  // The last caller may have left before it fails: then nobody handles the rejection.
  result.catch(() => undefined);
  const flight: Flight<T> = { result, controller, first, waiters };
  flights.set(name, flight);
  return flight;
}

/** A caller that comes after the last one left starts again, and does not get the abort of the others. Ended work is left alone. */
function abandon<T>(flights: Map<string, Flight<T>>, name: string, flight: Flight<T>): void {
  if (flights.get(name) !== flight) return;
  flights.delete(name);
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
