import { apiLimits, apiPaths, type ProbeBody } from "../contract/api.ts";
import type { ImageInfo } from "../contract/info.ts";
import { formatUrl } from "../contract/url.ts";
import { parseImageInfo, parseNeighbours, parseProbeAnswer, problemOf } from "./answers.ts";
import { apiCall } from "./api-call.ts";
import { inParallel, request, type Server } from "./http.ts";

/** What the proxy says of a photograph: its size and version, or why there is none. */
export type Probed = ImageInfo | { readonly problem: { readonly code: string; readonly detail: string } };

/**
 * Asks the proxy about photographs: in batches with a token, one by one without.
 * @param key of signatures, for a server that asks for them.
 * @param onAnswer is called after each answer with how many photographs it told of.
 * @throws Unanswered when the proxy does not answer within the patience; CannotRun when it refuses the token.
 */
export async function probe(
  server: Server,
  keys: readonly string[],
  key: string | undefined,
  onAnswer: (photos: number) => void,
): Promise<Map<string, Probed>> {
  const found = new Map<string, Probed>();
  const batches = server.token === undefined ? keys.map((one) => [one]) : chunks(keys, apiLimits.images);
  await inParallel(batches, server.concurrency, async (batch) => {
    if (server.token === undefined)
      for (const name of batch) found.set(name, await probeOne(server, name, key));
    else for (const [name, answer] of await probeMany(server, batch)) found.set(name, answer);
    onAnswer(batch.length);
  });
  return found;
}

/** What stands beside photographs that are not there, as far as the server can list; nothing without a token. */
export async function probeNeighbours(
  server: Server,
  images: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (server.token === undefined) return new Map();
  const body = { images, neighbours: true } satisfies ProbeBody;
  const call = apiCall(server, "POST", apiPaths.probe, body);
  return request(server, { ...call, read: (answer) => parseNeighbours(answer, images, call.url) });
}

// --- calls ---

async function probeOne(server: Server, name: string, key: string | undefined): Promise<Probed> {
  const url = formatUrl(server.endpoint, { key: name, format: "json" }, key);
  return request(server, {
    url,
    init: () => ({}),
    read: async (answer) =>
      answer.ok ? parseImageInfo(await answer.json(), url) : { problem: await problemOf(answer) },
  });
}

async function probeMany(server: Server, images: readonly string[]): Promise<[string, Probed][]> {
  const call = apiCall(server, "POST", apiPaths.probe, { images } satisfies ProbeBody);
  return request(server, {
    ...call,
    read: async (answer) => parseProbeAnswer(answer, images, call.url),
    // Each photograph may have to be fetched and looked at.
    silenceMs: Number.POSITIVE_INFINITY,
  });
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
