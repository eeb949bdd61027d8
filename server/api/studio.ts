import { bodyLimit, type H3, type H3Event } from "h3";
import {
  type CachedAnswer,
  parseDescribeBody,
  parsePreviewBody,
  parseUsedBody,
  parseWeightsBody,
  SOURCE_VERSION,
  type StatusAnswer,
  type WeightsAnswer,
  type WeightsBody,
} from "../../contract/studio.ts";
import type { Variant } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { addNote } from "../http/response.ts";
import type { Published } from "../published/published.ts";
import type { Previews } from "../studio/previews.ts";
import { alive } from "./alive.ts";
import { json, slowJson, streamed, whole } from "./answers.ts";
import { MEBIBYTE, readJson } from "./body.ts";
import { variantOfSpec } from "./specs.ts";

export interface StudioParts {
  readonly defaultQuality: number;
  readonly published: Pick<Published, "usedIn">;
  readonly previews: Previews;
  /** Absent where there is no Studio. */
  readonly status?: () => Promise<StatusAnswer>;
  readonly cached: (key: string) => Promise<CachedAnswer>;
  readonly weights: (accept: WeightsBody["accept"], signal: AbortSignal) => Promise<WeightsAnswer>;
}

/** The calls of {@link addStudioCalls}: all of them only read. */
export const studioPaths = [
  "/preview",
  "/score",
  "/describe",
  "/status",
  "/cached",
  "/used",
  "/weights",
] as const;

/** The calls of the Studio's page. */
export function addStudioCalls(api: H3, parts: StudioParts): void {
  const { previews } = parts;
  const wantedPreview = async (event: H3Event): Promise<Variant> => {
    const { img, variant } = parsePreviewBody(await readJson(event.req));
    addNote(event, { key: img });
    return variantOfSpec(img, variant, parts.defaultQuality);
  };
  api.post(
    "/preview",
    async (event) => {
      const variant = await wantedPreview(event);
      const { body, contentType, version } = await previews.make(variant, event.req.signal);
      const answer = whole(200, contentType, body);
      return { ...answer, headers: { ...answer.headers, [SOURCE_VERSION]: version } };
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/score",
    async (event) => {
      const variant = await wantedPreview(event);
      // Not in parts: a late refusal, such as of a full queue, must keep its reason.
      return json(200, { score: await previews.score(variant, event.req.signal) });
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/describe",
    async (event) => {
      const { img } = parseDescribeBody(await readJson(event.req));
      addNote(event, { key: img });
      return json(200, await previews.describe(img, event.req.signal));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/cached",
    async (event) => {
      const { img } = parseDescribeBody(await readJson(event.req));
      addNote(event, { key: img });
      return json(200, await parts.cached(img));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/used",
    async ({ req }) => {
      const { folder } = parseUsedBody(await readJson(req));
      return streamed("application/json", alive(usedJson(await parts.published.usedIn(folder))));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/weights",
    async ({ req }) => {
      const { accept } = parseWeightsBody(await readJson(req));
      return slowJson(parts.weights(accept, req.signal));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.get("/status", async () => {
    if (parts.status === undefined) throw new Problem("no-route", { detail: "STUDIO=on has it." });
    return json(200, await parts.status());
  });
}

/** JSON of a UsedAnswer, in short slices of the event loop. */
async function* usedJson({ sets, names }: Awaited<ReturnType<Published["usedIn"]>>): AsyncGenerator<string> {
  let part = `{"sets":${sets},"names":[`;
  let comma = "";
  for await (const name of names) {
    part += `${comma}${JSON.stringify(name)}`;
    comma = ",";
    if (part.length < PART_LENGTH) continue;
    yield part;
    part = "";
  }
  yield `${part}]}\n`;
}

const PART_LENGTH = 16 * 2 ** 10;
