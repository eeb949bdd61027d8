import { setTimeout as sleep } from "node:timers/promises";
import { blameOf } from "./blame.ts";
import { type Answer, type Sent, send, Unreachable } from "./client.ts";
import { InFront, isChallenge, seenIn } from "./in-front.ts";
import { notOurs, refusalOf } from "./parse-answers.ts";

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

/** The proxy gave no answer that settles anything within the patience. */
export class Unanswered extends Error {
  /** Whether it was there all the same, and said why: then others may be answered. */
  readonly heard: boolean;

  constructor(message: string, heard = false) {
    super(message);
    this.heard = heard;
  }
}

/** Thrown by a reader of an answer: it came, but what it says may pass. */
export class TryAgain extends Error {}

/** One request, and what takes its answer. */
export interface Call<T> {
  readonly url: string;
  /** Made anew for each attempt. */
  init(): Sent;
  /** Takes the whole answer, which is the server's: what it was asked for, or why not. */
  read(answer: Answer): Promise<T>;
  /** A 404 is read, whoever says it: a CDN may have a page of its own for it. */
  readonly takesMissing?: boolean;
  /** The longest silence of one attempt in milliseconds; absent: a minute. */
  readonly silenceMs?: number;
}

/**
 * One request, tried again while the proxy restarts, sheds load or times out. Waits as `Retry-After` says, else twice as
 * long each time, up to ten seconds. Patience begins anew with each sign of life.
 * @throws Unanswered when the patience is over; InFront when something else answers; the signal's reason when it aborts.
 */
export async function request<T>(server: Server, call: Call<T>): Promise<T> {
  let deadline = performance.now() + server.patienceMs;
  const alive = () => {
    deadline = performance.now() + server.patienceMs;
  };
  for (let attempt = 0; ; attempt++) {
    const silenceMs = Math.min(deadline - performance.now(), call.silenceMs ?? 60_000);
    const outcome = await attemptOnce(server, call, Math.max(silenceMs, 1000), alive);
    if ("value" in outcome) return outcome.value;
    const wait = outcome.retryAfterMs ?? Math.min(250 * 2 ** attempt, 10_000) * (0.75 + Math.random() / 2);
    if (performance.now() + wait > deadline) {
      const seconds = Math.round(server.patienceMs / 1000);
      if (outcome.foreign === true) throw new InFront(call.url, outcome.problem);
      const words = `${new URL(call.url).origin} ${outcome.problem}; waited ${seconds} s`;
      throw new Unanswered(words, outcome.heard);
    }
    await pause(server, wait);
  }
}

/**
 * Waits, unless the scan is interrupted. @throws the signal's reason then.
 * On a signal of its own: many wait at once, and Node takes more than ten listeners on one signal for a leak.
 */
export async function pause(server: Pick<Server, "signal">, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal: AbortSignal.any([server.signal]) });
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

type Outcome<T> = { readonly value: T } | Passing;

/** Why to ask again after a while. */
interface Passing {
  readonly problem: string;
  /** The server itself has said it. */
  readonly heard?: boolean;
  /** Something before it has, and means us. */
  readonly foreign?: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** Of what stands before the server: it may come back, or let us in later. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

async function attemptOnce<T>(
  server: Server,
  call: Call<T>,
  silenceMs: number,
  onAlive: () => void,
): Promise<Outcome<T>> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), silenceMs);
  const alive = () => {
    timer.refresh();
    onAlive();
  };
  try {
    const signal = AbortSignal.any([server.signal, silent.signal]);
    const answer = await send(call.url, call.init(), signal, alive);
    const problem = answer.ok ? undefined : await passingProblem(answer, call);
    return problem ?? { value: await call.read(answer) };
  } catch (error) {
    server.signal.throwIfAborted();
    if (silent.signal.aborted) return { problem: "gives no answer" };
    if (error instanceof TryAgain) return { problem: `answers: ${error.message}`, heard: true };
    if (error instanceof Unreachable) return { problem: `cannot be reached: ${error.message}` };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Of an answer that is none of what was asked for: undefined when it is the server's last word.
 * @throws InFront, CannotRun for an answer that is not the server's and will not pass.
 */
async function passingProblem(
  answer: Answer,
  { url, takesMissing = false }: Pick<Call<unknown>, "url" | "takesMissing">,
): Promise<Passing | undefined> {
  const refusal = await refusalOf(answer);
  const retryAfterMs = parseRetryAfter(answer.header("retry-after"));
  if (refusal !== undefined) {
    if (blameOf(refusal.code) !== "moment") return undefined;
    return { problem: `answers ${answer.status}: ${refusal.detail}`, heard: true, retryAfterMs };
  }
  const seen = await seenIn(answer);
  if (passing.has(answer.status) && !isChallenge(answer))
    return { problem: seen, foreign: answer.status < 500, retryAfterMs };
  if (answer.status !== 404 && answer.status !== 410) throw new InFront(url, seen);
  if (takesMissing) return undefined;
  throw notOurs(url, seen);
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function parseRetryAfter(value: string): number | undefined {
  if (value === "") return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
