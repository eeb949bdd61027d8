import { randomBytes } from "node:crypto";
import type { Answer, Note } from "./answer.ts";
import { securityHeaders } from "./headers.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Trace } from "./trace.ts";

/** One answered request, for the log and the metrics. */
export interface Sent {
  readonly method: string;
  readonly id: string;
  readonly answer: Answer;
  readonly milliseconds: number;
  /** The reader left before the answer. */
  readonly gone: boolean;
  readonly trace?: Trace | undefined;
}

export type Reporter = (sent: Sent) => void;

/** All headers of an answer, whichever path sends it. */
export function sentHeaders(answer: Answer, id: string): Record<string, string> {
  return { ...securityHeaders, "x-request-id": id, ...answer.headers };
}

/**
 * The same as names and values in turn, as node:http takes them, without the request's id. Made once for an answer
 * that is sent often: putting objects of headers together costs as much as sending them.
 */
export function flatHeaders(answer: Answer): readonly string[] {
  const known = flattened.get(answer);
  if (known !== undefined) return known;
  const flat = Object.entries({ ...securityHeaders, ...answer.headers }).flat();
  flattened.set(answer, flat);
  return flat;
}

const flattened = new WeakMap<Answer, readonly string[]>();

/** The id that a proxy in front gave the request, where it is one; else a new one. */
export function requestIdOf(header: string | readonly string[] | null | undefined): string {
  if (typeof header === "string" && /^[A-Za-z0-9._-]{8,64}$/.test(header)) return header;
  count += 1;
  return `${start}-${count.toString(36)}`;
}

/** Unique to this process, so that a number after it is enough: randomness for each request costs more than a hit. */
const start = randomBytes(6).toString("hex");
let count = 0;

/** Tells the log and the metrics. */
export function createReporter(log: Pick<Log, "request">, metrics: Pick<Metrics, "answered">): Reporter {
  return ({ method, id, answer, milliseconds, gone, trace }) => {
    const { headers, note = nothing } = answer;
    const { cache = "none", key, variant, code, error } = note;
    const status = gone ? CLIENT_GONE : answer.status;
    const bytes = method === "HEAD" || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
    const contentType = headers["content-type"];
    metrics.answered({ cache, contentType: contentType ?? "", status, bytes, seconds: milliseconds / 1000 });
    // Name by name: spreading objects here would cost more than the hit that it tells of.
    const ms = note.ms === undefined ? { total: milliseconds } : { total: milliseconds, ...note.ms };
    const line = { id, method, status, cache, bytes, ms, key, variant, contentType, code, trace: trace?.id };
    log.request(error === undefined ? line : { ...line, error });
  };
}

const nothing: Note = {};

/** nginx's word for a reader that left before the answer: in the log and the metrics only. */
const CLIENT_GONE = 499;
