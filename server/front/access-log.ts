import { randomBytes } from "node:crypto";
import type { Answer } from "../http/response.ts";
import { imageSecurity, securityHeaders } from "../http/response-headers.ts";
import type { Log, Phases } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Trace } from "../telemetry/trace-context.ts";

/** Records each answered request in the log and the metrics. */
export interface Reporter {
  /**
   * Prepares what every request with this answer is recorded as, and returns the function that records one.
   * @param gone the reader left before the answer.
   */
  recorder(method: string, answer: Answer, gone: boolean): Recorder;
}

/** @param ms of this request; `total` ends with the answer that is ready to be sent. */
export type Recorder = (id: string, ms: Phases, trace: Trace | undefined) => void;

/**
 * All headers of a response, whichever path sends it.
 * @param isPublic whether pages of other sites may read it, and caches keep it: images, but neither the API nor the Studio.
 */
export function sentHeaders(answer: Answer, id: string, isPublic: boolean): Record<string, string> {
  if (isPublic) return { ...imageSecurity, "x-request-id": id, ...answer.headers };
  // Also of a failure that caches may keep for an image, such as a call that does not exist yet.
  return { ...securityHeaders, "x-request-id": id, ...answer.headers, "cache-control": "no-store" };
}

/** Those of an image as a flat array of names and values, as node:http takes them, without the request's id. */
export function flatHeaders(answer: Answer): string[] {
  return Object.entries({ ...imageSecurity, ...answer.headers }).flat();
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

export function createReporter(log: Pick<Log, "request">, metrics: Pick<Metrics, "answered">): Reporter {
  return {
    recorder(method, answer, gone) {
      const status = gone ? CLIENT_GONE : answer.status;
      const { headers, note = {} } = answer;
      const { cache = "none", key, variant, call } = note;
      const { code, error } = gone && note.code === "internal" ? noFailure : note;
      const contentType = headers["content-type"];
      const bytes = method === "HEAD" || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
      const count = metrics.answered({ cache, contentType: contentType ?? "", status, bytes });
      const write = log.request({
        method,
        status,
        cache,
        bytes,
        key,
        variant,
        call,
        contentType,
        code,
        error,
      });
      return (id, ms, trace) => {
        count(ms.total / 1000);
        write(id, ms, trace?.id);
      };
    },
  };
}

/** Work that a leaving reader aborts fails with an error of any kind: it is no fault of the server. */
const noFailure: Pick<NonNullable<Answer["note"]>, "code" | "error"> = {};

/** nginx's status for a reader that left before the answer: in the log and the metrics only. */
const CLIENT_GONE = 499;
