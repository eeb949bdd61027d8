import { Problem } from "../errors.ts";

/** What the system says when this server has no descriptor, memory or buffer left; the source has no part in that. */
const shortages: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]);

/** Whether this server could not ask, rather than the source not answer. */
export function isShortage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && shortages.has(error.code)) || isShortage(error.cause);
}

/** The problem of an error without an answer: `busy` where the server is short of something, else `source-failed`. */
export function failedProblem(cause: unknown): Problem {
  return new Problem(isShortage(cause) ? "busy" : "source-failed", { cause });
}
