import { type DestinationStream, destination } from "pino";

/** Characters that make a write worth its cost. */
const ENOUGH = 16_384;

/** Milliseconds that a line waits at most: somebody may look on. */
const WAIT_MS = 200;

/**
 * Lines to a file descriptor, gathered so that sixty hits share one write, which happens behind them. What is gathered
 * is written when the process exits, also by an error that nobody caught. sonic-boom, pino's own writer, can gather too
 * (`minLength`), but measures all that it holds at each line.
 */
export function gatheredLines(fd: number): DestinationStream {
  // A write that begins while the process exits may not end: what is less than this waits for its flush.
  const sink = destination({ dest: fd, sync: false, minLength: ENOUGH - 1 });
  let gathered = "";
  let timer: NodeJS.Timeout | undefined;

  function pass(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === "") return;
    const text = gathered;
    gathered = "";
    sink.write(text);
  }

  // Before the sink's own listeners, which flush and end it.
  process.prependListener("beforeExit", pass);
  process.prependListener("exit", pass);
  return {
    write(line) {
      gathered += line;
      if (gathered.length >= ENOUGH) pass();
      else timer ??= setTimeout(() => flush(), WAIT_MS).unref();
    },
  };

  function flush(): void {
    pass();
    sink.flush();
  }
}
