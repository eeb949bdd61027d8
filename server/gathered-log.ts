import { type DestinationStream, destination } from "pino";

/** Characters that make a write worth its cost. */
const ENOUGH = 16_384;

/** Bytes of one write, when lines come faster than the writes before it end. */
const MOST_AT_ONCE = 262_144;

/** Bytes that wait for a reader who is slow or stands still: more would be the server's end. */
const MOST_WAITING = 16 * 2 ** 20;

/** Milliseconds that a line waits at most: somebody may look on. */
const WAIT_MS = 200;

/**
 * Lines to a file descriptor, gathered so that sixty hits share one write, which happens behind them. What is gathered
 * is written when the process exits, also by an error that nobody caught, if need be behind lines that are younger. sonic-boom, pino's own writer, can gather too
 * (`minLength`), but measures all that it holds at each line. What the reader of the log does not take in time is
 * dropped, and counted in a line of its own once there is room.
 */
export function gatheredLines(fd: number): DestinationStream {
  // A write that begins while the process exits may not end: what is less than this waits for its flush.
  const sink = destination({
    ...{ dest: fd, sync: false, minLength: ENOUGH - 1 },
    ...{ maxWrite: MOST_AT_ONCE, maxLength: MOST_WAITING },
  });
  let gathered = "";
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  sink.on("drop", (text: string) => {
    dropped += text.split("\n").length - 1;
  });
  sink.on("drain", () => {
    if (dropped === 0) return;
    gathered += droppedLine(dropped);
    dropped = 0;
    flush();
  });

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

function droppedLine(lines: number): string {
  const msg = "lines of the log were dropped: whoever reads it is too slow";
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), lines, msg })}\n`;
}
