import { apiPaths, type PublishedBody } from "../../contract/api.ts";
import { formatPublished, type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import { apiCall } from "./api-call.ts";
import { apiRefusal } from "./parse-answers.ts";
import { request, type Server } from "./request.ts";

/** Name of the published set. */
export interface SetName {
  readonly site: string;
  readonly name: string;
}

/**
 * Sends the server the list of variants that the site's pages use. The server evicts these last, and with VARIANTS=listed it
 * serves only these.
 * @param expires seconds after which the set expires, for previews.
 * @returns the maximum size of the server's cache in bytes, if the server sends it.
 * @throws Unanswered; CannotRun when the server refuses.
 */
export async function publishSet(
  server: Server,
  set: SetName,
  requests: Iterable<ImageRequest>,
  expires?: number,
): Promise<number | undefined> {
  const path = `${apiPaths.published}/${set.site}/${set.name}`;
  const body = { images: queriesByKey(requests), ...(expires !== undefined && { expires }) };
  const call = apiCall(server, "PUT", path, body satisfies PublishedBody);
  return request(server, {
    ...call,
    // The server receives, checks and writes the whole set before it answers.
    silenceMs: Number.POSITIVE_INFINITY,
    read: async (answer) => {
      if (!answer.ok) throw await apiRefusal(answer, call.url);
      await answer.bytes();
      return Number(answer.header("cache-max-bytes")) || undefined;
    },
  });
}

/**
 * The host of `baseURL`, and the commit that CI builds or else the time.
 * @param commit from the variables that CI systems set.
 */
export function defaultSetName(baseUrl: string, commit: string | undefined, now: Date): SetName {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : "";
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return { site: safeName(host) || "site", name: safeName(commit ?? "").slice(0, 12) || time };
}

function safeName(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 64);
}

function queriesByKey(requests: Iterable<ImageRequest>): Record<string, string[]> {
  const queries = new Map<string, Set<string>>();
  for (const asked of requests) {
    if (isOriginal(asked)) continue;
    const known = queries.get(asked.key) ?? new Set();
    queries.set(asked.key, known.add(formatPublished(asked)));
  }
  return Object.fromEntries([...queries].map(([key, set]) => [key, [...set].sort()]));
}
