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
  const running = new Set<Promise<void>>();
  const controller = new AbortController();

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    run(what, work) {
      if (running.size >= mostAtOnce || controller.signal.aborted) return false;
      const job = work(controller.signal)
        .then(() => undefined)
        .catch((error: unknown) => {
          if (!controller.signal.aborted) tell(what, error);
        })
        .finally(() => running.delete(job));
      running.add(job);
      return true;
    },
    idle,
    async stop() {
      controller.abort(new Error("the server stops"));
      await idle();
    },
  };
}
