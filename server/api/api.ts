import { bodyLimit, H3, type H3Event } from "h3";
import { parseListBody, parseProbeBody, parseWarmBody } from "../../contract/api.ts";
import { parseQuery } from "../../contract/url/request.ts";
import type { VariantCache } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { addNote } from "../http/response.ts";
import type { Published } from "../published/published.ts";
import type { List } from "../source/list/list.ts";
import type { ListSiblings } from "../source/list/siblings.ts";
import { alive, soon } from "./alive.ts";
import { json, ndjson, nothing, slowJson, streamed } from "./answers.ts";
import { type Access, authorize } from "./authorize.ts";
import { bodyOf, MEBIBYTE, readJson } from "./body.ts";
import { listPage } from "./list.ts";
import { findMissing, missingJson, readMissingBody } from "./missing.ts";
import { probeAll } from "./probe.ts";
import { addStudioCalls, type StudioParts, studioPaths } from "./studio.ts";
import { type PublishParts, warmLines } from "./warm.ts";

/** Dependencies of the API. */
export interface ApiParts extends PublishParts, StudioParts, Access {
  readonly published: Published;
  readonly list: List;
  readonly neighbours: ListSiblings;
  readonly cache: Pick<VariantCache, "bytesOf">;
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
  const { published, cacheMaxBytes, purge } = parts;
  const api = new H3();
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
  addStudioCalls(api, parts);
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

  for (const [path, methods] of [
    ["/probe", "POST"],
    ["/list", "POST"],
    ...studioPaths.map((path) => [path, path === "/status" ? "GET" : "POST"] as const),
    ["/missing", "POST"],
    ["/warm", "POST"],
    ["/published/:site", "GET"],
    ["/published/:site/:name", "GET, PUT, DELETE"],
    ["/purge", "DELETE"],
    ["/version", "GET"],
  ] as const)
    api.all(path, () => Promise.reject(new Problem("bad-method", { methods })));
  return api;
}

/** Calls that only read, of the Studio and of programs beside it. */
const openToThisMachine: ReadonlySet<string> = new Set(["/list", ...studioPaths]);

function namesOf({ context }: H3Event): { readonly site: string; readonly name: string } {
  return { site: context.params?.site ?? "", name: context.params?.name ?? "" };
}
