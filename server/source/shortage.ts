import { Problem } from "../errors.ts";
import { networkCode, TIMED_OUT } from "./network-fault.ts";

/** System errors when this server has no descriptor, memory or buffer left; the source is not at fault. */
const shortages: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]);

/** Whether this server could not send the request, rather than the source not answer it. */
export function isShortage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && shortages.has(error.code)) || isShortage(error.cause);
}

/** The problem for an error without an answer: `busy` if the server is short of something, otherwise `source-timeout` or
 * `source-failed`. */
export function failedProblem(cause: unknown): Problem {
  if (isShortage(cause)) return new Problem("busy", { cause });
  const storage = networkCode(cause);
  return new Problem(storage === TIMED_OUT ? "source-timeout" : "source-failed", {
    cause,
    ...(storage !== undefined && { storage }),
  });
}
