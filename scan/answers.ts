import { InvalidBody, type MissingAnswer, parseMissingBody } from "../contract/api.ts";
import type { ImageInfo } from "../contract/info.ts";
import { CannotRun } from "./cannot-run.ts";

/** Why one photograph failed. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** What `fm=json` says.
 * @throws CannotRun when what answers is no imgproxy-lite.
 */
export function parseImageInfo(value: unknown, url: string): ImageInfo {
  if (
    isObject(value) &&
    typeof value.key === "string" &&
    typeof value.width === "number" &&
    typeof value.height === "number" &&
    typeof value.type === "string" &&
    typeof value.bytes === "number" &&
    typeof value.version === "string" &&
    /^[0-9a-f]{10}$/.test(value.version)
  ) {
    const { key, width, height, type, bytes, version, frames, alpha, color, placeholder } = value;
    return {
      key,
      width,
      height,
      type,
      bytes,
      version,
      frames: typeof frames === "number" ? frames : 1,
      alpha: alpha === true,
      ...(typeof color === "string" && { color }),
      ...(typeof placeholder === "string" && { placeholder }),
    };
  }
  throw notOurs(url);
}

/** @throws CannotRun when the token is refused, or what answers is no imgproxy-lite. */
export async function parseProbeAnswer(
  response: Response,
  images: readonly string[],
  url: string,
): Promise<[string, ImageInfo | { readonly problem: Refusal }][]> {
  if (!response.ok) throw await apiRefusal(response, url);
  const body: unknown = await response.json();
  const answers = isObject(body) ? body.images : undefined;
  if (!isObject(answers)) throw notOurs(url);
  return images.map((name) => {
    const answer = answers[name];
    const problem = isObject(answer) ? answer.problem : undefined;
    return [name, isObject(problem) ? { problem: refusalIn(problem) } : parseImageInfo(answer, url)];
  });
}

/** The keys beside each that is not there. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseNeighbours(
  response: Response,
  images: readonly string[],
  url: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!response.ok) throw await apiRefusal(response, url);
  const body: unknown = await response.json();
  const answers = isObject(body) && isObject(body.images) ? body.images : {};
  return new Map(
    images.map((name) => {
      const answer = answers[name];
      const keys = isObject(answer) && Array.isArray(answer.neighbours) ? answer.neighbours : [];
      return [name, keys.filter((key) => typeof key === "string")];
    }),
  );
}

/** The words of an error response, `application/problem+json` (RFC 9457) or not. */
export async function problemOf(response: Response): Promise<Refusal> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body)) return refusalIn(body, `status ${response.status}`);
  } catch {
    // Something between the scan and the proxy answered in its own words.
  }
  return { code: `status-${response.status}`, detail: `status ${response.status}` };
}

/** Why the API did not do what it was asked. */
export async function apiRefusal(response: Response, url: string): Promise<CannotRun> {
  const { detail } = await problemOf(response);
  if (response.status === 401 || response.status === 403)
    return new CannotRun(`${url} refuses the token: give --token (or TOKEN) what the server has in TOKEN`);
  if (response.status === 404)
    return new CannotRun(`${url} is not there: start the server with TOKEN, or scan without a token`);
  return new CannotRun(`${url} answers ${response.status}: ${detail}`);
}

/** What of all that was asked about is not in the cache. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseMissingAnswer(response: Response, url: string): Promise<MissingAnswer> {
  if (!response.ok) throw await apiRefusal(response, url);
  try {
    return parseMissingBody(await response.json());
  } catch (error) {
    if (error instanceof InvalidBody || error instanceof SyntaxError) throw notOurs(url);
    throw error;
  }
}

/** One line of `POST /api/warm`. @throws CannotRun when it is none. */
export function parseWarmLine(
  line: unknown,
  url: string,
): { readonly variant: Readonly<Record<string, unknown>>; readonly result: WarmedLine } {
  if (!isObject(line) || !isObject(line.variant)) throw notOurs(url);
  const { variant, status, bytes, type, problem } = line;
  if (status === "failed")
    return { variant, result: { status, problem: refusalIn(isObject(problem) ? problem : {}) } };
  if ((status !== "hit" && status !== "made") || typeof bytes !== "number" || typeof type !== "string")
    throw notOurs(url);
  return { variant, result: { status, bytes, type } };
}

type WarmedLine =
  | { readonly status: "hit" | "made"; readonly bytes: number; readonly type: string }
  | { readonly status: "failed"; readonly problem: Refusal };

// --- JSON ---

function refusalIn(body: Readonly<Record<string, unknown>>, fallback = "no reason given"): Refusal {
  const detail = [body.detail, body.title].find((words) => typeof words === "string");
  return {
    code: typeof body.code === "string" ? body.code : "unknown",
    detail: typeof detail === "string" ? detail : fallback,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notOurs(url: string): CannotRun {
  return new CannotRun(`${url} does not answer like an imgproxy-lite server; is --endpoint right?`);
}
