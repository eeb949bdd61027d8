import { setTimeout as sleep } from "node:timers/promises";

const SILENCE_MS = 1_000;

/** The result of work that is done within a second, otherwise undefined. @throws errors within that second */
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
 * The same parts, with a line end for each second without one: an encoder can take a minute, and a caller or proxy closes a
 * connection that is silent for long. White space between lines, or before JSON, has no meaning.
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
    // Not awaited: the running work ends when its signal aborts.
    void parts.return(undefined).catch(() => undefined);
  }
}
