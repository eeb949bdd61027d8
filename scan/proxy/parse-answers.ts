import { InvalidBody, type MissingAnswer, parseMissingBody } from "../../contract/api.ts";
import type { ImageInfo } from "../../contract/info.ts";
import { brokenRule, isManifestImage, type MemberRule } from "../../contract/manifest.ts";
import { CannotRun } from "../cannot-run.ts";
import type { Refusal } from "./blame.ts";
import type { Answer } from "./client.ts";
import { InFront, seenIn } from "./in-front.ts";

/** The answer to `fm=json`. @throws as {@link parseProbeAnswer} does */
export async function readImageInfo(answer: Answer, name: string, url: string): Promise<ImageInfo> {
  return parseImageInfo(await jsonOf(answer, url), name, url);
}

/** Every field is validated, because it goes into the manifest and from there into pages. */
function parseImageInfo(said: unknown, name: string, url: string): ImageInfo {
  const value = isObject(said) ? said : {};
  const broken = brokenRule(value, infoRules(name, value.type === "image/svg+xml"));
  if (broken !== undefined || !isManifestImage(value)) {
    const [member, takes] = broken ?? [];
    const found = JSON.stringify(value[`${member}`])?.slice(0, 60) ?? "nothing";
    throw notOurs(url, `says ${found} where the ${member} of ${name} belongs, ${takes}`);
  }
  const { width, height, version, color, placeholder } = value;
  const { type, bytes, frames = 1, alpha }: Readonly<Record<string, unknown>> = { ...value };
  return {
    ...{ key: name, width, height, version, alpha: alpha === true },
    ...{ type: `${type}`, bytes: Number(bytes), frames: Number(frames) },
    ...(color !== undefined && { color }),
    ...(placeholder !== undefined && { placeholder }),
  };
}

function infoRules(name: string, isSvg: boolean): MemberRule[] {
  const isSide = (side: unknown): boolean => isSvg || isCount(side, 1);
  return [
    ["key", "the key that was asked about", (key) => key === name],
    ["type", "a media type", isMediaType],
    ["bytes", "a whole number", (bytes) => isCount(bytes, 0)],
    ["frames", "a whole number", (frames) => frames === undefined || isCount(frames, 1)],
    ["width", "a whole number of pixels", isSide],
    ["height", "a whole number of pixels", isSide],
  ];
}

/** @throws CannotRun if the token is refused, or if the server is not imgproxy-lite. */
export async function parseProbeAnswer(
  answer: Answer,
  images: readonly string[],
  url: string,
): Promise<[string, ImageInfo | { readonly problem: Refusal }][]> {
  if (!answer.ok) throw await apiRefusal(answer, url);
  const body = await jsonOf(answer, url);
  const answers = isObject(body) ? body.images : undefined;
  if (!isObject(answers)) throw notOurs(url);
  return images.map((name) => {
    const said = answers[name];
    const problem = isObject(said) ? said.problem : undefined;
    return [name, isObject(problem) ? { problem: refusalIn(problem) } : parseImageInfo(said, name, url)];
  });
}

/** The keys in the folder of each missing key. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseNeighbours(
  answer: Answer,
  images: readonly string[],
  url: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!answer.ok) throw await apiRefusal(answer, url);
  const body = await jsonOf(answer, url);
  const answers = isObject(body) && isObject(body.images) ? body.images : {};
  return new Map(
    images.map((name) => {
      const said = answers[name];
      const keys = isObject(said) && Array.isArray(said.neighbours) ? said.neighbours : [];
      return [name, keys.filter((key) => typeof key === "string")];
    }),
  );
}

/**
 * The server's error, `application/problem+json` (RFC 9457); undefined if something else has answered.
 * @throws as {@link Answer.text} does
 */
export async function refusalOf(answer: Answer): Promise<Refusal | undefined> {
  try {
    const body: unknown = JSON.parse(await answer.text());
    return isObject(body) && typeof body.code === "string" ? refusalIn(body) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Why the API refused a call. */
export async function apiRefusal(answer: Answer, url: string): Promise<CannotRun> {
  const refusal = await refusalOf(answer);
  if (refusal?.code === "bad-token")
    return new CannotRun(`${url} refuses the token: set --token (or TOKEN) to the server's TOKEN`);
  if (answer.status === 404)
    return new CannotRun(`${url} does not exist: start the server with TOKEN, or scan without a token`);
  return new CannotRun(
    `${url} answers ${answer.status}: ${refusal?.detail ?? "with an answer that is not the server's"}`,
  );
}

/** Which of the requested variants are not in the cache. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseMissingAnswer(answer: Answer, url: string): Promise<MissingAnswer> {
  if (!answer.ok) throw await apiRefusal(answer, url);
  try {
    return parseMissingBody(await jsonOf(answer, url));
  } catch (error) {
    if (error instanceof InvalidBody) throw notOurs(url);
    throw error;
  }
}

/** One line of the answer to `POST /api/warm`. @throws CannotRun for any other line. */
export function parseWarmLine(
  line: unknown,
  url: string,
): { readonly variant: Readonly<Record<string, unknown>>; readonly result: WarmedLine } {
  if (!isObject(line) || !isObject(line.variant)) throw notOurs(url);
  const { variant, status, bytes, type, problem } = line;
  if (status === "failed")
    return { variant, result: { status, problem: refusalIn(isObject(problem) ? problem : {}) } };
  if ((status !== "hit" && status !== "made") || !isCount(bytes, 0) || !isMediaType(type)) throw notOurs(url);
  return { variant, result: { status, bytes, type } };
}

type WarmedLine =
  | { readonly status: "hit" | "made"; readonly bytes: number; readonly type: string }
  | { readonly status: "failed"; readonly problem: Refusal };

/** @param seen description of the answer, from {@link seenIn}. */
export function notOurs(url: string, seen?: string): CannotRun {
  const what = seen === undefined ? "" : ` (it ${seen})`;
  return new CannotRun(`${url} is not an imgproxy-lite server${what}; is --endpoint right?`);
}

// --- values ---

function isCount(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

function isMediaType(value: unknown): value is string {
  return typeof value === "string" && /^[a-z]+\/[a-z0-9.+-]+$/.test(value);
}

// --- JSON ---

/** @throws InFront for any other answer, such as a login page, which is sent with 200. */
async function jsonOf(answer: Answer, url: string): Promise<unknown> {
  try {
    return await answer.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw new InFront(url, await seenIn(answer));
    throw error;
  }
}

function refusalIn(body: Readonly<Record<string, unknown>>, fallback = "no reason given"): Refusal {
  const detail = [body.detail, body.title].find((words) => typeof words === "string") ?? fallback;
  // The title alone says that a photograph is missing.
  const storage = typeof body.storage === "string" && !body.storage.startsWith("404") ? body.storage : "";
  return {
    code: typeof body.code === "string" ? body.code : "unknown",
    detail: storage === "" ? `${detail}` : `${detail} (storage: ${storage})`,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
