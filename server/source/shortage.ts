import { Problem } from "../errors.ts";

/** System errors when this server has no descriptor, memory or buffer left; the source is not at fault. */
const shortages: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]);

/** Whether this server could not send the request, rather than the source not answer it. */
export function isShortage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && shortages.has(error.code)) || isShortage(error.cause);
}

/** The problem for an error without an answer: `busy` if the server is short of something, otherwise `source-failed`. */
export function failedProblem(cause: unknown): Problem {
  return new Problem(isShortage(cause) ? "busy" : "source-failed", { cause });
}
