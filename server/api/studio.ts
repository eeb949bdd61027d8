import { bodyLimit, type H3, type H3Event } from "h3";
import {
  type CachedAnswer,
  parseDescribeBody,
  parsePreviewBody,
  type StatusAnswer,
} from "../../contract/api.ts";
import type { Variant } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { addNote } from "../http/response.ts";
import type { Previews } from "../studio/previews.ts";
import { json, slowJson, whole } from "./answers.ts";
import { MEBIBYTE, readJson } from "./body.ts";
import { variantOfSpec } from "./specs.ts";

export interface StudioParts {
  readonly defaultQuality: number;
  readonly previews: Previews;
  /** Absent where there is no Studio. */
  readonly status?: () => Promise<StatusAnswer>;
  readonly cached: (key: string) => Promise<CachedAnswer>;
}

/** The calls of {@link addStudioCalls}: all of them only read. */
export const studioPaths = ["/preview", "/score", "/describe", "/status", "/cached"] as const;

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
      const { body, contentType } = await previews.make(variant, event.req.signal);
      return whole(200, contentType, body);
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/score",
    async (event) => {
      const variant = await wantedPreview(event);
      return slowJson(previews.score(variant, event.req.signal).then((score) => ({ score })));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/describe",
    async (event) => {
      const { img } = parseDescribeBody(await readJson(event.req));
      addNote(event, { key: img });
      return slowJson(previews.describe(img, event.req.signal));
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
  api.get("/status", async () => {
    if (parts.status === undefined) throw new Problem("no-route", { detail: "STUDIO=on has it." });
    return json(200, await parts.status());
  });
}
