/** Work behind the answers: stores, checks, better encodes. Its failures are told, never thrown. */
export interface Background {
  /** Starts the work, or drops it and returns false when too much is under way. */
  run(what: string, work: (signal: AbortSignal) => Promise<unknown>): boolean;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Aborts what is under way and takes no more; resolves when all has ended. */
  stop(): Promise<void>;
}

/** @param tell what to do with a failure; an abort is none. */
export function createBackground(tell: (what: string, error: unknown) => void, mostAtOnce = 256): Background {
  // A signal for each: on one for all, all would listen, and Node takes more than ten listeners for a leak.
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
