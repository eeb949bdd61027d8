import { apiLimits, apiPaths } from "../contract/api.ts";
import type { ImageInfo } from "../contract/info.ts";
import { formatUrl } from "../contract/url.ts";
import { parseImageInfo, parseProbeAnswer, problemOf } from "./answers.ts";
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
    const answers =
      server.token === undefined ? await probeOne(server, batch, key) : await probeMany(server, batch);
    for (const [name, answer] of answers) found.set(name, answer);
    onAnswer(batch.length);
  });
  return found;
}

// --- calls ---

async function probeOne(
  server: Server,
  names: readonly string[],
  key: string | undefined,
): Promise<[string, Probed][]> {
  return Promise.all(
    names.map(async (name): Promise<[string, Probed]> => {
      const url = formatUrl(server.endpoint, { key: name, format: "json" }, key);
      return request(server, url, {}, async (response) => [
        name,
        response.ok ? parseImageInfo(await response.json(), url) : { problem: await problemOf(response) },
      ]);
    }),
  );
}

async function probeMany(server: Server, images: readonly string[]): Promise<[string, Probed][]> {
  const url = `${server.endpoint.replace(/\/+$/, "")}/${apiPaths.probe}`;
  const init = {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify({ images }),
  };
  return request(server, url, init, async (response) => parseProbeAnswer(response, images, url));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
