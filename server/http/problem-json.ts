import { HTTPError } from "h3";
import { InvalidBody } from "../../contract/api.ts";
import { InvalidRequest } from "../../contract/url/request.ts";
import { Problem, type ProblemKind, problems } from "../errors.ts";
import { type FreshnessPolicy, failureCacheControl } from "./freshness.ts";
import { withLateClose } from "./late-close.ts";
import type { Answer } from "./response.ts";
import { retryAfter } from "./retry-after.ts";

/**
 * Any failure as RFC 9457's `application/problem+json`. An error that is not a Problem is a bug: the reader gets only a request
 * id.
 */
export function problemAnswer(
  error: unknown,
  requestId: string,
  { isCall = false, policy }: Subject = {},
): Answer {
  const problem = toProblem(error);
  const { code, detail, methods, originalBytes } = problem;
  const storage = isCall ? problem.storage : undefined;
  const wait = retryAfter(problem);
  const { status, title, remedy, cacheControl, remembered }: ProblemKind = problems[code];
  const isOfPhotograph = policy !== undefined && remembered !== undefined;
  const body = new TextEncoder().encode(
    `${JSON.stringify({ code, status, title, ...(detail !== undefined && { detail }), ...(storage !== undefined && { storage }), remedy, requestId })}\n`,
  );
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      "content-length": String(body.byteLength),
      "cache-control": isOfPhotograph ? failureCacheControl(cacheControl, policy) : cacheControl,
      ...(wait !== undefined && { "retry-after": wait }),
      // RFC 9110 §15.5.17: a client that resumes learns the length.
      ...(originalBytes !== undefined && { "content-range": `bytes */${originalBytes}` }),
      // The rest of the body is not read, so no other request can follow on this connection.
      ...(code === "body-too-large" && { connection: "close" }),
      // Other servers may interpret the rest of this connection differently.
      ...(code === "bad-host" && { connection: "close" }),
      ...(code === "bad-method" && { allow: methods ?? "GET, HEAD, OPTIONS" }),
      ...(code === "bad-token" && { "www-authenticate": "Bearer" }),
    },
    body: code === "body-too-large" ? withLateClose(body) : body,
    // A cause is internal; a full queue has none, and is too frequent for a warning.
    note: { code, ...(status >= 500 && problem.cause !== undefined && { error: problem.cause }) },
  };
}

/** @returns the error itself if it is a Problem, otherwise the Problem that replaces it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof InvalidRequest) return new Problem("invalid-request", { detail: error.message });
  if (error instanceof InvalidBody) return new Problem("invalid-body", { detail: error.message });
  if (HTTPError.isError(error) && error.status === 413) return new Problem("body-too-large");
  return new Problem("internal", { cause: error });
}

// --- what the request was for ---

interface Subject {
  /** A call of the API, which may know what the storage said. */
  readonly isCall?: boolean;
  /** Of the photographs, if it was for one. */
  readonly policy?: FreshnessPolicy;
}
