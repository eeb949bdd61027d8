import type { ApiProblem } from "../../contract/api.ts";
import { problems } from "../errors.ts";
import { toProblem } from "../http/problem-json.ts";

/** One failure, as a line of a response that otherwise succeeds. */
export function apiProblem(error: unknown): ApiProblem {
  const { code, detail, storage } = toProblem(error);
  return { code, detail: detail ?? problems[code].title, ...(storage !== undefined && { storage }) };
}
