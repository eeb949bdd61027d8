import { setTimeout as sleep } from "node:timers/promises";

/** How a scan talks to the server. */
export interface Server {
  /** Where the scan reaches it, such as `http://localhost:5000/`. */
  readonly endpoint: string;
  /** Of `/api`; without one the scan is a reader like any other. */
  readonly token?: string;
  /** Most requests in flight. */
  readonly concurrency: number;
  /** How long one request is tried again before it has failed, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** The proxy gave no answer of its own within the patience. */
export class Unanswered extends Error {}

/**
 * One request, tried again while the proxy restarts, sheds load or times out. Waits as `Retry-After` says, else twice as
 * long each time, up to ten seconds.
 * @param read takes the whole answer; a broken connection in it is tried again too.
 * @throws Unanswered when the patience is over; the signal's reason when it aborts.
 */
export async function request<T>(
  server: Server,
  url: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + server.patienceMs;
  for (let attempt = 0; ; attempt++) {
    const left = deadline - performance.now();
    const outcome = await attemptOnce(server, url, init, read, Math.min(Math.max(left, 1000), 60_000));
    if ("value" in outcome) return outcome.value;
    const wait = outcome.retryAfterMs ?? Math.min(250 * 2 ** attempt, 10_000) * (0.75 + Math.random() / 2);
    if (performance.now() + wait > deadline)
      throw new Unanswered(
        `${new URL(url).origin} ${outcome.problem}; tried for ${Math.round(server.patienceMs / 1000)} s`,
      );
    await sleep(wait, undefined, { signal: server.signal });
  }
}

/** Runs `work` over the items, at most `width` at a time, in their order; a failure stops the rest. */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let stopped = false;
  const worker = async (): Promise<void> => {
    try {
      while (!stopped) {
        const next = await iterator.next();
        if (next.done === true) return;
        await work(next.value);
      }
    } catch (error) {
      stopped = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

// --- one attempt ---

type Outcome<T> = { readonly value: T } | { readonly problem: string; readonly retryAfterMs?: number };

const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

async function attemptOnce<T>(
  server: Server,
  url: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
  timeoutMs: number,
): Promise<Outcome<T>> {
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.any([server.signal, timeout]),
    });
    if (!passing.has(response.status)) return { value: await read(response) };
    const words = await response.text();
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"));
    return {
      problem: `answers ${response.status}${problemDetail(words)}`,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  } catch (error) {
    server.signal.throwIfAborted();
    if (timeout.aborted) return { problem: "gives no answer" };
    if (error instanceof TypeError) return { problem: `cannot be reached: ${networkWords(error)}` };
    throw error;
  }
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

/** `: ` and the words of an `application/problem+json` (RFC 9457), or nothing. */
function problemDetail(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return "";
    if ("detail" in parsed && typeof parsed.detail === "string") return `: ${parsed.detail}`;
    return "title" in parsed && typeof parsed.title === "string" ? `: ${parsed.title}` : "";
  } catch {
    return "";
  }
}

function networkWords(error: TypeError): string {
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || String("code" in cause ? cause.code : cause.name)
    : error.message;
}
