import { Problem } from "../errors.ts";

/** A problem that says which of several pictures it is about; anything else as it is. */
export function nameProblem(name: string, error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return new Problem(error.code, { detail: `${name}: ${error.message}`, cause: error.cause });
}
