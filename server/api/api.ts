import { createHash, timingSafeEqual } from "node:crypto";
import { setMaxListeners } from "node:events";
import { parseMissingBody, parseProbeBody, parsePublishedBody, parseWarmBody } from "../../contract/api.ts";
import { parseQuery } from "../../contract/request.ts";
import { Problem } from "../errors.ts";
import type { ApiCall } from "../front/app.ts";
import type { Answer } from "../http/response.ts";
import type { Published } from "../published/published.ts";
import type { Neighbours } from "../source/list-siblings.ts";
import { alive, soon } from "./alive.ts";
import { readJson } from "./body.ts";
import { findMissing } from "./missing.ts";
import { probeAll } from "./probe.ts";
import { type PublishParts, warmLines } from "./warm.ts";

/** What a publish can do here. */
export interface ApiParts extends PublishParts {
  /** Live tokens, more than one while they rotate. */
  readonly tokens: readonly string[];
  readonly published: Published;
  readonly neighbours: Neighbours;
  /** Bytes that the cache may hold. */
  readonly cacheMaxBytes: number;
  /** Deletes all of a source, everywhere; returns the number of variants. */
  readonly purge: (key: string) => Promise<number>;
}

/** `/api`, as contract/api.ts has it. @throws Problem, InvalidBody, InvalidRequest; app.ts answers them. */
export function createApi(parts: ApiParts): (call: ApiCall) => Promise<Answer> {
  return async (call) => {
    checkToken(call.request.headers.get("authorization"), parts.tokens);
    // One call is about many photographs, and the work on each listens for the caller to leave.
    setMaxListeners(0, call.signal);
    const [name = "", ...rest] = call.path.split("/");
    const route = routes.get(`${call.request.method} ${name}/${rest.length}`);
    if (route !== undefined) return route(parts, call, rest);
    const known = [...routes.keys()].some((key) => key.endsWith(` ${name}/${rest.length}`));
    throw new Problem(known ? "bad-method" : "no-route");
  };
}

// --- routes ---

type Route = (parts: ApiParts, call: ApiCall, names: readonly string[]) => Promise<Answer>;

/** By method, first segment and the number of segments after it. */
const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    "POST probe/0",
    async (parts, { request, signal }) => {
      const body = parseProbeBody(await readJson(request, MEBIBYTE));
      return slowJson(probeAll(parts, body, signal).then((images) => ({ images })));
    },
  ],
  [
    "POST missing/0",
    async (parts, { request, signal }) => {
      const body = parseMissingBody(await readJson(request, 4 * MEBIBYTE));
      return slowJson(findMissing(parts, body, signal).then((images) => ({ images })));
    },
  ],
  [
    "POST warm/0",
    async (parts, { request, signal }) =>
      ndjson(warmLines(parts, parseWarmBody(await readJson(request, MEBIBYTE)), signal)),
  ],
  [
    "PUT published/2",
    async ({ published, cacheMaxBytes }, { request }, [site = "", name = ""]) => {
      await published.put(site, name, parsePublishedBody(await readJson(request, 64 * MEBIBYTE)));
      return { ...nothing, headers: { ...nothing.headers, "cache-max-bytes": String(cacheMaxBytes) } };
    },
  ],
  [
    "GET published/1",
    async ({ published }, _, [site = ""]) => json(200, { sets: await published.list(site) }),
  ],
  [
    "GET published/2",
    async ({ published }, _, [site = "", name = ""]) => {
      const set = await published.get(site, name);
      if (set === undefined) throw new Problem("no-route", { detail: "There is no such set." });
      return json(200, set);
    },
  ],
  [
    "DELETE published/2",
    async ({ published }, _, [site = "", name = ""]) => {
      await published.delete(site, name);
      return nothing;
    },
  ],
  [
    "DELETE purge/0",
    async ({ purge, published }, { query }) => {
      const purged = await purge(parseQuery(query).key);
      await published.announce();
      return json(200, { purged });
    },
  ],
]);

const MEBIBYTE = 2 ** 20;

// --- tokens ---

/** Compared by hash: equal lengths, and in constant time whichever token it is. */
function checkToken(header: string | null, tokens: readonly string[]): void {
  const given = digest(/^Bearer +([^ ].*)$/i.exec(header ?? "")?.[1] ?? "");
  if (!tokens.map((token) => timingSafeEqual(given, digest(token))).includes(true))
    throw new Problem("bad-token");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

// --- answers ---

const nothing: Answer = { status: 204, headers: { "cache-control": "no-store" }, body: null };

function json(status: number, value: unknown): Answer {
  const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return {
    status,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
    },
    body,
  };
}

/** JSON that may take a while. @throws what the work throws at once; what it throws later cuts the answer off. */
async function slowJson(work: Promise<unknown>): Promise<Answer> {
  const done = await soon(work);
  if (done !== undefined) return json(200, done.value);
  return streamed("application/json", alive(lines(once(work))));
}

async function* once(work: Promise<unknown>): AsyncGenerator<unknown> {
  yield await work;
}

/** A line as soon as it is known: a scan shows progress. */
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
  // nginx would otherwise collect the parts.
  return {
    status: 200,
    headers: { "content-type": type, "cache-control": "no-store", "x-accel-buffering": "no" },
    body,
  };
}
