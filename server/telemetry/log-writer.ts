import { write, writeSync } from "node:fs";

/** Writes whole log lines, each with its line end. */
export interface LogDestination {
  write(line: string): void;
}

/** Minimum characters of one write. */
const ENOUGH = 16_384;

/** Maximum characters of one write, if lines arrive faster than writes end. */
const MOST_AT_ONCE = 262_144;

/** Maximum characters that wait for a slow or stopped reader: more could exhaust the server's memory. */
const MOST_WAITING = 16 * 2 ** 20;

/** Maximum milliseconds that a line waits: a person may be watching. */
const WAIT_MS = 200;

/** Milliseconds until a full pipe is tried again: at first, and at most. */
const RETRY_MS = { first: 1, most: 128 };

/** Milliseconds that the exit of the process waits for the reader. */
const LAST_MS = 1_000;

/**
 * Lines to a file descriptor, gathered so that sixty hits share one write, which happens behind them. At the exit of the
 * process, also by an uncaught error, the rest is written, if need be before a write that has begun. What the reader of
 * the log does not take in time, or a full disk refuses, is dropped and counted in a line of its own. A reader that is
 * slow or gone never blocks or ends the server. That is why this is not sonic-boom, which pino writes with: its flushSync
 * (4.2) tries for ever when the reader has gone, and throws when a disk is full.
 */
export function gatheredLines(fd: number): LogDestination {
  const waiting: string[] = [];
  let waitingLength = 0;
  let gathered = "";
  let dropped = 0;
  /** One write at a time: a Buffer for each would stay outside of the heap until the next full collection. */
  const room = Buffer.allocUnsafeSlow(MOST_AT_ONCE + 2 * ENOUGH);
  /** The text that is being written, or must be tried again. */
  let current: Buffer | undefined;
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;
  let retryMs = RETRY_MS.first;

  process.on("exit", () => {
    const rest = isWriting || current === undefined ? [] : [current];
    writeNow(fd, Buffer.concat([...rest, Buffer.from(waiting.join("") + gathered)]));
  });
  return {
    write(line) {
      if (waitingLength + gathered.length > MOST_WAITING) return void dropped++;
      gathered += line;
      if (gathered.length >= ENOUGH) flush();
      else flushIn(WAIT_MS);
    },
  };

  function flushIn(milliseconds: number): void {
    timer ??= setTimeout(flush, milliseconds).unref();
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered !== "") {
      waiting.push(gathered);
      waitingLength += gathered.length;
      gathered = "";
    }
    if (!isWriting) writeNext();
  }

  function writeNext(): void {
    current ??= take();
    if (current === undefined) return;
    isWriting = true;
    write(fd, current, (error, written) => {
      isWriting = false;
      if (error === null) succeed(written);
      else fail(error);
    });
  }

  function take(): Buffer | undefined {
    let length = 0;
    let count = 0;
    for (; length < MOST_AT_ONCE && count < waiting.length; count++) length += waiting[count]?.length ?? 0;
    waitingLength -= length;
    if (count === 0) return undefined;
    const text = waiting.splice(0, count).join("");
    return Buffer.byteLength(text) > room.length ? Buffer.from(text) : room.subarray(0, room.write(text));
  }

  function succeed(written: number): void {
    retryMs = RETRY_MS.first;
    const rest = current?.subarray(written);
    current = rest?.length === 0 ? undefined : rest;
    if (dropped > 0) {
      gathered += droppedLine(dropped);
      dropped = 0;
      flushIn(WAIT_MS);
    }
    writeNext();
  }

  function fail(error: NodeJS.ErrnoException): void {
    if (isFullPipe(error)) {
      clearTimeout(timer);
      timer = setTimeout(flush, retryMs).unref();
      retryMs = Math.min(retryMs * 2, RETRY_MS.most);
    } else {
      dropped += linesOf(current);
      current = undefined;
      flushIn(WAIT_MS);
    }
  }
}

function droppedLine(lines: number): string {
  const msg = "log lines dropped: the reader was too slow or refused writes";
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), lines, msg })}\n`;
}

function linesOf(text: Buffer | undefined): number {
  return text === undefined ? 0 : text.toString().split("\n").length - 1;
}

function isFullPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === "EAGAIN";
}

// --- exit ---

/** Writes synchronously, as much as the descriptor accepts. */
function writeNow(fd: number, bytes: Buffer): void {
  const until = performance.now() + LAST_MS;
  for (let at = 0; at < bytes.length && performance.now() < until; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!(error instanceof Error) || !isFullPipe(error)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
