import * as v from "valibot";
import {
  InvalidBody,
  type MissingAnswer,
  parseMissingAnswer as missingAnswer,
  sourceVersion,
} from "../../contract/api.ts";
import { type ImageInfo, imageInfo } from "../../contract/info.ts";
import { anObject, check, type Fault } from "../../contract/schema.ts";
import { CannotRun } from "../cannot-run.ts";
import type { Refusal } from "./blame.ts";
import type { Answer } from "./client.ts";
import { InFront, seenIn } from "./in-front.ts";
import type { WarmResult } from "./warm/variant.ts";

/** The answer to `fm=json`. @throws as {@link parseProbeAnswer} does */
export async function readImageInfo(answer: Answer, name: string, url: string): Promise<ImageInfo> {
  return parseImageInfo(await jsonOf(answer, url), name, url);
}

/** Every field is validated, because it goes into the manifest and from there into pages. */
function parseImageInfo(said: unknown, name: string, url: string): ImageInfo {
  const checked = check(imageInfo, said);
  if ("fault" in checked) throw notOurs(url, describeFault(checked.fault, name));
  const { key } = checked.value;
  if (key === name) return checked.value;
  throw notOurs(
    url,
    describeFault({ place: "key", message: "the key that was asked about", found: key }, name),
  );
}

function describeFault({ place, message, found }: Fault, name: string): string {
  const instead = JSON.stringify(found)?.slice(0, 60) ?? "nothing";
  return `says ${instead} where the ${place || "size"} of ${name} belongs, ${message}`;
}

/** @throws CannotRun if the token is refused, or if the server is not imgproxy-lite. */
export async function parseProbeAnswer(
  answer: Answer,
  images: readonly string[],
  url: string,
): Promise<[string, ImageInfo | { readonly problem: Refusal }][]> {
  const said = await imagesIn(answer, url);
  return images.map((name) => {
    const failed = check(failure, said[name]);
    return [name, "value" in failed ? failed.value : parseImageInfo(said[name], name, url)];
  });
}

/** The keys in the folder of each missing key. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseNeighbours(
  answer: Answer,
  images: readonly string[],
  url: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const said = await imagesIn(answer, url);
  return new Map(
    images.map((name) => {
      const keys = check(beside, said[name]);
      return [name, "value" in keys ? keys.value.neighbours : []];
    }),
  );
}

async function imagesIn(answer: Answer, url: string): Promise<Readonly<Record<string, unknown>>> {
  if (!answer.ok) throw await apiRefusal(answer, url);
  const checked = check(probeAnswer, await jsonOf(answer, url));
  if ("fault" in checked) throw notOurs(url);
  return checked.value.images;
}

/**
 * The server's error, `application/problem+json` (RFC 9457); undefined if something else has answered.
 * @throws as {@link Answer.text} does
 */
export async function refusalOf(answer: Answer): Promise<Refusal | undefined> {
  // Other servers have JSON with a "code" too.
  if (!/^application\/problem\+json\b/i.test(answer.header("content-type"))) return undefined;
  try {
    const checked = check(problemDocument, JSON.parse(await answer.text()));
    return "value" in checked ? checked.value : undefined;
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
    return new CannotRun(
      `${url} does not exist: start the server with TOKEN and in this version, or scan without a token`,
    );
  return new CannotRun(
    `${url} answers ${answer.status}: ${refusal?.detail ?? "with an answer that is not the server's"}`,
  );
}

/** Which of the requested variants are not in the cache. @throws CannotRun as {@link parseProbeAnswer} does. */
export async function parseMissingAnswer(answer: Answer, url: string): Promise<MissingAnswer> {
  if (!answer.ok) throw await apiRefusal(answer, url);
  try {
    return missingAnswer(await jsonOf(answer, url));
  } catch (error) {
    if (error instanceof InvalidBody) throw notOurs(url);
    throw error;
  }
}

/** One line of the answer to `POST /api/warm`. @throws CannotRun for any other line. */
export function parseWarmLine(
  line: unknown,
  url: string,
): { readonly variant: Readonly<Record<string, unknown>>; readonly result: WarmResult } {
  const checked = check(warmLine, line);
  if ("fault" in checked) throw notOurs(url);
  const { variant, ...result } = checked.value;
  return { variant, result };
}

/** @param seen description of the answer, from {@link seenIn}. */
export function notOurs(url: string, seen?: string): CannotRun {
  const what = seen === undefined ? "" : ` (it ${seen})`;
  return new CannotRun(`${url} is not an imgproxy-lite server${what}; is --endpoint right?`);
}

// --- schemas: a server of another release may say less of what went wrong, never something else ---

/** An error of the server's: `application/problem+json` (RFC 9457), or of one of many images or variants. */
const refusal = v.pipe(
  v.object({
    code: v.fallback(v.string(), "unknown"),
    detail: v.fallback(v.optional(v.string()), undefined),
    title: v.fallback(v.optional(v.string()), undefined),
    storage: v.fallback(v.optional(v.string()), undefined),
  }),
  v.transform(({ code, detail, title, storage = "" }): Refusal => {
    const words = detail ?? title ?? "no reason given";
    // The title alone says that a photograph is missing.
    const isTold = storage === "" || storage.startsWith("404");
    return { code, detail: isTold ? words : `${words} (storage: ${storage})` };
  }),
);

const problemDocument = v.pipe(v.looseObject({ code: v.string() }), refusal);

const probeAnswer = v.object({ images: anObject() });

const failure = v.object({ problem: v.pipe(anObject(), refusal) });

const beside = v.object({ neighbours: v.array(v.string()) });

const warmLine = v.variant("status", [
  v.object({
    status: v.picklist(["hit", "made"]),
    variant: anObject(),
    bytes: imageInfo.entries.bytes,
    type: imageInfo.entries.type,
    v: v.exactOptional(sourceVersion),
  }),
  v.object({
    status: v.literal("failed"),
    variant: anObject(),
    problem: v.fallback(v.pipe(anObject(), refusal), { code: "unknown", detail: "no reason given" }),
  }),
]);

// --- JSON ---

/** @throws InFront for any other answer, such as a login page, which is sent with 200. */
export async function jsonOf(answer: Answer, url: string): Promise<unknown> {
  try {
    return await answer.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw new InFront(url, await seenIn(answer));
    throw error;
  }
}
