import { Problem } from "../errors.ts";

/** Work that many ask for and one does. */
export interface SingleFlight<T> {
  /**
   * The result of the work under this name: started by the first who asks, shared by all who ask while it runs, its
   * failure too. Who leaves (by its signal) leaves the others their result; the work's own signal aborts when the
   * last one has left.
   * @throws Problem `busy` when more wait than may; the signal's reason when it aborts.
   */
  do(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Works under way. */
  readonly size: number;
}

/** @param mostWaiting over all names; a reader holds a socket and a place here until the work is done. */
export function createSingleFlight<T>(mostWaiting = 10_000): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  let waiting = 0;

  return {
    get size() {
      return flights.size;
    },
    async do(name, signal, work) {
      signal.throwIfAborted();
      if (waiting >= mostWaiting) throw new Problem("busy");
      const flight = flights.get(name) ?? depart(flights, name, work);
      flight.waiters += 1;
      waiting += 1;
      try {
        return await orAbort(flight.result, signal);
      } finally {
        waiting -= 1;
        flight.waiters -= 1;
        if (flight.waiters === 0) abandon(flights, name, flight);
      }
    },
  };
}

// --- flights ---

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

function depart<T>(
  flights: Map<string, Flight<T>>,
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
): Flight<T> {
  const controller = new AbortController();
  const result = work(controller.signal).finally(() => {
    if (flights.get(name) === flight) flights.delete(name);
  });
  // The last waiter may have left before it fails: nobody is there to hear it then.
  result.catch(() => undefined);
  const flight: Flight<T> = { result, controller, waiters: 0 };
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
