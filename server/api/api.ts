import { bodyLimit, H3, type H3Event } from "h3";
import {
  type CachedAnswer,
  parseDescribeBody,
  parseListBody,
  parsePreviewBody,
  parseProbeBody,
  parseWarmBody,
  type StatusAnswer,
} from "../../contract/api.ts";
import { parseQuery } from "../../contract/url/request.ts";
import type { Variant } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { type Answer, addNote } from "../http/response.ts";
import type { Published } from "../published/published.ts";
import type { List } from "../source/list/list.ts";
import type { ListSiblings } from "../source/list/siblings.ts";
import type { Previews } from "../studio/previews.ts";
import { alive, soon } from "./alive.ts";
import { type Access, authorize } from "./authorize.ts";
import { bodyOf, readJson } from "./body.ts";
import { listPage } from "./list.ts";
import { findMissing, missingJson, readMissingBody } from "./missing.ts";
import { probeAll } from "./probe.ts";
import { variantOfSpec } from "./specs.ts";
import { type PublishParts, warmLines } from "./warm.ts";

/** Dependencies of the API. */
export interface ApiParts extends PublishParts, Access {
  readonly published: Published;
  readonly list: List;
  readonly neighbours: ListSiblings;
  readonly previews: Previews;
  /** Absent where there is no Studio. */
  readonly status?: () => Promise<StatusAnswer>;
  readonly cached: (key: string) => Promise<CachedAnswer>;
  /** The server's release. */
  readonly version: string;
  /** Maximum bytes of the cache. */
  readonly cacheMaxBytes: number;
  /** Maximum silence of a connection, in milliseconds: a warm-up is silent while one variant is made. */
  readonly silenceMs: number;
  /** Deletes all variants of a source, on every replica; returns their number. */
  readonly purge: (key: string) => Promise<number | undefined>;
}

/**
 * The API as described in contract/api.ts, for front/app.ts to mount.
 * Handlers return an Answer or throw Problem, InvalidBody or InvalidRequest.
 */
export function createApi(parts: ApiParts): H3 {
  const { published, previews, cacheMaxBytes, purge } = parts;
  const api = new H3();
  const wantedPreview = async (event: H3Event): Promise<Variant> => {
    const { img, variant } = parsePreviewBody(await readJson(event.req));
    addNote(event, { key: img });
    return variantOfSpec(img, variant, parts.defaultQuality);
  };
  api.use((event) => {
    authorize(event, parts, openToThisMachine.has(event.url.pathname));
    event.runtime?.node?.req.socket?.setTimeout(parts.silenceMs);
  });

  api.post(
    "/probe",
    async ({ req }) => {
      const body = parseProbeBody(await readJson(req));
      return slowJson(probeAll(parts, body, req.signal).then((images) => ({ images })));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
  api.post(
    "/list",
    async ({ req }) => slowJson(listPage(parts.list, parseListBody(await readJson(req)), req.signal)),
    { middleware: [bodyLimit(MEBIBYTE)] },
  );
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
  api.post(
    "/missing",
    async ({ req }) => {
      const missing = findMissing(parts, await readMissingBody(bodyOf(req)), req.signal);
      await soon(missing);
      return streamed("application/json", alive(missingJson(missing)));
    },
    { middleware: [bodyLimit(4 * MEBIBYTE)] },
  );
  api.post(
    "/warm",
    async (event) => {
      const body = parseWarmBody(await readJson(event.req));
      addNote(event, { key: body.img });
      return ndjson(warmLines(parts, body, event.req.signal));
    },
    { middleware: [bodyLimit(MEBIBYTE)] },
  );

  api.put(
    "/published/:site/:name",
    async (event) => {
      const { site, name } = namesOf(event);
      await published.put(site, name, bodyOf(event.req));
      return { ...nothing, headers: { ...nothing.headers, "cache-max-bytes": String(cacheMaxBytes) } };
    },
    { middleware: [bodyLimit(64 * MEBIBYTE)] },
  );
  api.get("/published/:site", async (event) =>
    json(200, { sets: await published.list(namesOf(event).site) }),
  );
  api.get("/published/:site/:name", async (event) => {
    const { site, name } = namesOf(event);
    const set = await published.get(site, name);
    if (set === undefined) throw new Problem("no-route", { detail: "There is no such set." });
    return streamed("application/json", set);
  });
  api.delete("/published/:site/:name", async (event) => {
    const { site, name } = namesOf(event);
    await published.delete(site, name);
    return nothing;
  });

  api.delete("/purge", async (event) => {
    const { key } = parseQuery(event.url.search.slice(1));
    addNote(event, { key });
    const purged = await purge(key);
    // All of it is gone from memory; it may still be on disk.
    if (purged === undefined)
      throw new Problem("busy", {
        cause: new Error("the cache volume cannot be read"),
        retryAfterSeconds: 30,
      });
    await published.announce();
    return json(200, { purged });
  });

  api.get("/version", () => json(200, { version: parts.version }));

  for (const path of [
    "/probe",
    "/list",
    "/preview",
    "/score",
    "/describe",
    "/status",
    "/cached",
    "/missing",
    "/warm",
    "/published/:site",
    "/published/:site/:name",
    "/purge",
  ])
    api.all(path, () => Promise.reject(new Problem("bad-method")));
  return api;
}

/** Calls that only read, of the Studio and of programs beside it. */
const openToThisMachine: ReadonlySet<string> = new Set([
  "/list",
  "/preview",
  "/score",
  "/describe",
  "/status",
  "/cached",
]);

const MEBIBYTE = 2 ** 20;

function namesOf({ context }: H3Event): { readonly site: string; readonly name: string } {
  return { site: context.params?.site ?? "", name: context.params?.name ?? "" };
}

// --- answers ---

const nothing: Answer = { status: 204, headers: { "cache-control": "no-store" }, body: null };

function json(status: number, value: unknown): Answer {
  return whole(status, "application/json", new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

function whole(status: number, type: string, body: Uint8Array): Answer {
  return {
    status,
    headers: {
      "content-type": type,
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
    },
    body,
  };
}

/** JSON that may take a while. @throws early errors of the work; a late error cuts the response. */
async function slowJson(work: Promise<unknown>): Promise<Answer> {
  const done = await soon(work);
  if (done !== undefined) return json(200, done.value);
  return streamed("application/json", alive(lines(once(work))));
}

async function* once(work: Promise<unknown>): AsyncGenerator<unknown> {
  yield await work;
}

/** Each line as soon as it is known: a scan shows progress. */
function ndjson(values: AsyncGenerator<unknown>): Answer {
  return streamed("application/x-ndjson", alive(lines(values)));
}

async function* lines(values: AsyncGenerator<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

function streamed(type: string, parts: AsyncGenerator<string>): Answer {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void (await parts.return(undefined)),
  });
  // Otherwise nginx would buffer the parts.
  return {
    status: 200,
    headers: { "content-type": type, "cache-control": "no-store", "x-accel-buffering": "no" },
    body,
  };
}
