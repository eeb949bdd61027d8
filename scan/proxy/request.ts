import { setTimeout as sleep } from "node:timers/promises";
import { parseRetryAfter } from "../../contract/retry-after.ts";
import { blameOf } from "./blame.ts";
import { type Answer, type Sent, send, Unreachable } from "./client.ts";
import { InFront, isChallenge, seenIn } from "./in-front.ts";
import { notOurs, refusalOf } from "./parse-answers.ts";

/** How a scan connects to the server. */
export interface Server {
  /** The scan's address of the server, such as `http://localhost:5000/`. */
  readonly endpoint: string;
  /** Token of the API; without one the scan sends the same requests as a reader. */
  readonly token?: string;
  /** Maximum parallel requests. */
  readonly concurrency: number;
  /** How long one request is retried before it counts as failed, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Called every two seconds while a request waits for a server that does not answer. */
  readonly onWaiting?: (words: string) => void;
}

/** The proxy gave no final answer within the timeout. */
export class Unanswered extends Error {
  /** Whether the proxy did answer, and gave a reason: then other requests may succeed. */
  readonly heard: boolean;

  constructor(message: string, heard = false) {
    super(message);
    this.heard = heard;
  }
}

/** Thrown by a function that reads an answer: the answer is temporary. */
export class TryAgain extends Error {}

/** One request, and the function that reads its answer. */
export interface Call<T> {
  readonly url: string;
  /** Created for each attempt. */
  init(): Sent;
  /** Reads a whole answer of the server: a result or an error. */
  read(answer: Answer): Promise<T>;
  /** A 404 is accepted from anyone: a CDN can have its own page for it. */
  readonly takesMissing?: boolean;
  /** Maximum silence of one attempt in milliseconds; default a minute. */
  readonly silenceMs?: number;
}

/**
 * Sends one request, and retries it while the proxy restarts, is overloaded or times out. It waits as `Retry-After` says, else
 * twice as long each time, up to ten seconds. The timeout starts again with each answer.
 * @throws Unanswered after the timeout; InFront when something else answers; the signal's reason when it aborts.
 */
export async function request<T>(server: Server, call: Call<T>): Promise<T> {
  const waiting = watchWaiting(server, call.url);
  return await persist(server, call, waiting).finally(() => waiting.end());
}

async function persist<T>(server: Server, call: Call<T>, waiting: Waiting): Promise<T> {
  let deadline = performance.now() + server.patienceMs;
  const alive = () => {
    deadline = performance.now() + server.patienceMs;
    waiting.alive();
  };
  for (let attempt = 0; ; attempt++) {
    const silenceMs = Math.min(deadline - performance.now(), call.silenceMs ?? 60_000);
    const outcome = await attemptOnce(server, call, Math.max(silenceMs, 1000), alive);
    if ("value" in outcome) return outcome.value;
    waiting.failed(outcome.problem);
    const wait = outcome.retryAfterMs ?? Math.min(250 * 2 ** attempt, 10_000) * (0.75 + Math.random() / 2);
    if (performance.now() + wait > deadline) {
      const seconds = Math.round(server.patienceMs / 1000);
      if (outcome.foreign === true) throw new InFront(call.url, outcome.problem);
      const remedy =
        outcome.heard === true
          ? ""
          : ": start the server there, or correct params.imgproxy.endpoint or --endpoint";
      const words = `${new URL(call.url).origin} ${outcome.problem}; waited ${seconds} s${remedy}`;
      throw new Unanswered(words, outcome.heard);
    }
    await pause(server, wait);
  }
}

/**
 * Waits, unless the scan is interrupted. @throws the signal's reason then.
 * It has its own signal: many calls wait in parallel, and Node reports more than ten listeners on one signal as a leak.
 */
export async function pause(server: Pick<Server, "signal">, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal: AbortSignal.any([server.signal]) });
}

// --- waiting ---

/** Says that a request waits for a server that does not answer. A server that has answered may take long: it makes images. */
interface Waiting {
  /** An attempt has failed. */
  failed(problem: string): void;
  /** Something of an answer has arrived. */
  alive(): void;
  end(): void;
}

/** Nobody wonders about a shorter wait for a server that cannot be reached. */
const PATIENT_MS = 2_000;

/** A server that accepts a call may work on it: it decodes new photographs. */
const SILENT_MS = 10_000;

const answering = new WeakSet<Server>();

function watchWaiting(server: Server, url: string): Waiting {
  const started = performance.now();
  const silentMs = Math.min(SILENT_MS, server.patienceMs / 2);
  let failure: string | undefined;
  const timer = setInterval(() => {
    const isSilent = !answering.has(server) && performance.now() - started >= silentMs;
    const problem = failure ?? (isSilent ? "gives no answer" : undefined);
    if (problem === undefined) return;
    const { origin } = new URL(url);
    server.onWaiting?.(`waiting for ${origin}, up to ${duration(server.patienceMs)}: it ${problem}`);
  }, PATIENT_MS);
  return {
    failed(words) {
      failure = words;
    },
    alive() {
      answering.add(server);
      failure = undefined;
    },
    end: () => clearInterval(timer),
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

// --- one attempt ---

type Outcome<T> = { readonly value: T } | Passing;

/** Why a request should be retried later. */
interface Passing {
  readonly problem: string;
  /** The server itself said so. */
  readonly heard?: boolean;
  /** Something in front of the server said so, and it refuses this machine. */
  readonly foreign?: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** Errors in front of the server that can pass: it may come back, or let this machine in later. */
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
  let answer: Answer | undefined;
  try {
    const signal = AbortSignal.any([server.signal, silent.signal]);
    answer = await send(call.url, call.init(), signal, alive);
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
    answer?.drop();
  }
}

/**
 * Reads an answer that is not a result: undefined if it is the server's final answer.
 * @throws InFront or CannotRun for an answer that is not the server's and is not temporary.
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
