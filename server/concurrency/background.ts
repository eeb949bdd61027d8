/** Work after the response: stores, revalidations, better encodes. Its failures are reported, never thrown. */
export interface Background {
  /** Starts the work, or drops it and returns false if too much is running. */
  run(what: string, work: (signal: AbortSignal) => Promise<unknown>): boolean;
  /** Resolves when nothing is running. */
  idle(): Promise<void>;
  /** Aborts running work and accepts no more; resolves when all has ended. */
  stop(): Promise<void>;
}

/** @param tell handles a failure; an abort is not a failure. */
export function createBackground(tell: (what: string, error: unknown) => void, mostAtOnce = 256): Background {
  // A signal for each piece of work: with one for all, Node would report more than ten listeners as a leak.
  const running = new Map<Promise<void>, AbortController>();
  let stopped = false;

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running.keys());
  }

  return {
    run(what, work) {
      if (running.size >= mostAtOnce || stopped) return false;
      const controller = new AbortController();
      const job = work(controller.signal)
        .then(() => undefined)
        .catch((error: unknown) => {
          if (!stopped) tell(what, error);
        })
        .finally(() => running.delete(job));
      running.set(job, controller);
      return true;
    },
    idle,
    async stop() {
      stopped = true;
      for (const controller of running.values()) controller.abort(new Error("the server stops"));
      await idle();
    },
  };
}
