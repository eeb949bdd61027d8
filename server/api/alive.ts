import { setTimeout as sleep } from "node:timers/promises";

const SILENCE_MS = 1_000;

/** What work comes to within a second, if it does. @throws what it throws within it */
export async function soon<Value>(work: Promise<Value>): Promise<{ readonly value: Value } | undefined> {
  const waiting = new AbortController();
  const silence = sleep(SILENCE_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    return await Promise.race([work.then((value) => ({ value })), silence]);
  } finally {
    waiting.abort();
  }
}

/**
 * The same parts, and a line's end for each second without one: an encoder may take a minute, and a caller or a proxy on
 * the way gives up on a connection that is silent for long. White space means nothing between lines, nor before JSON.
 */
export async function* alive(parts: AsyncGenerator<string>): AsyncGenerator<string> {
  try {
    for (;;) {
      const next = parts.next();
      let part = await soon(next);
      for (; part === undefined; part = await soon(next)) yield "\n";
      if (part.value.done === true) return;
      yield part.value.value;
    }
  } finally {
    // Not awaited: what is under way ends when its signal says so.
    void parts.return(undefined).catch(() => undefined);
  }
}
