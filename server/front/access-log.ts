import { randomBytes } from "node:crypto";
import type { Answer } from "../http/response.ts";
import { securityHeaders } from "../http/response-headers.ts";
import type { Log, RepeatedLine } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Trace } from "../telemetry/trace-context.ts";

/** One answered request, for the log and the metrics. */
export interface Sent {
  readonly method: string;
  readonly id: string;
  readonly answer: Answer;
  readonly milliseconds: number;
  /** The reader disconnected before the response. */
  readonly gone: boolean;
  readonly trace?: Trace | undefined;
}

/** Records each response in the log and the metrics. */
export interface Reporter {
  record(sent: Sent): void;
  /** For a response to GET that is sent many times: the constant parts are formatted once. */
  recorder(answer: Answer): (id: string, milliseconds: number, trace: Trace | undefined) => void;
}

/** All headers of a response, whichever path sends it. */
export function sentHeaders(answer: Answer, id: string): Record<string, string> {
  return { ...securityHeaders, "x-request-id": id, ...answer.headers };
}

/** The same as a flat array of names and values, as node:http takes them, without the request's id. */
export function flatHeaders(answer: Answer): string[] {
  return Object.entries({ ...securityHeaders, ...answer.headers }).flat();
}

/** The id that a proxy in front gave the request, if it is valid; otherwise a new one. */
export function requestIdOf(header: string | readonly string[] | null | undefined): string {
  if (typeof header === "string" && /^[A-Za-z0-9._-]{8,64}$/.test(header)) return header;
  count += 1;
  return `${start}-${count}`;
}

/** Unique to this process, so that adding a number is enough: random bytes for each request cost more than a hit. */
const start = randomBytes(6).toString("hex");
let count = 0;

export function createReporter(
  log: Pick<Log, "request" | "requests">,
  metrics: Pick<Metrics, "answered" | "answeredOften">,
): Reporter {
  return {
    record({ method, id, answer, milliseconds, gone, trace }) {
      const status = gone ? CLIENT_GONE : answer.status;
      const { error, ms, ...line } = lineOf(method, status, answer);
      metrics.answered({ ...kindOf(line), seconds: milliseconds / 1000 });
      const known = { ...line, id, ms: { total: milliseconds, ...ms }, trace: trace?.id };
      log.request(error === undefined ? known : { ...known, error });
    },
    recorder(answer) {
      const line = lineOf("GET", answer.status, answer);
      const count = metrics.answeredOften(kindOf(line));
      const write = log.requests(line);
      return (id, milliseconds, trace) => {
        count(milliseconds / 1000);
        write(id, milliseconds, trace?.id);
      };
    },
  };
}

// --- lines ---

/** nginx's status for a client that closed the connection before the response: only in the log and the metrics. */
const CLIENT_GONE = 499;

function lineOf(method: string, status: number, { headers, note = {} }: Answer) {
  const { cache = "none", key, variant, call, code, error, ms } = note;
  const bytes = method === "HEAD" || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
  return {
    method,
    status,
    cache,
    bytes,
    key,
    variant,
    call,
    contentType: headers["content-type"],
    code,
    error,
    ms,
  };
}

function kindOf({ cache, contentType = "", status, bytes }: RepeatedLine) {
  return { cache, contentType, status, bytes };
}
