import { apiLimits, apiPaths, type ProbeBody } from "../../contract/api.ts";
import type { ImageInfo } from "../../contract/info.ts";
import { fieldsOf, type MetaField, type PublishedField, pickMeta } from "../../contract/meta.ts";
import { formatUrl } from "../../contract/url/url.ts";
import { apiCall } from "./api-call.ts";
import { blameOf, type Refusal, UNANSWERED } from "./blame.ts";
import type { Answer } from "./client.ts";
import { parseNeighbours, parseProbeAnswer, readImageInfo, refusalOf } from "./parse-answers.ts";
import { request, type Server, Unanswered } from "./request.ts";
import { inRounds } from "./rounds.ts";

/** The proxy's answer about a photograph: its size and version, or why there is none. */
export type Probed = ImageInfo | { readonly problem: Refusal };

/** How photographs are asked about. */
export interface Asking {
  /** The key that signs requests, for a server that requires it. */
  readonly key: string | undefined;
  /** The fields of their metadata that are wanted. Without a token, they are those of the server's META. */
  readonly meta: readonly (MetaField | PublishedField)[];
  /** How they are tuned. Only with a token. */
  readonly tune?: NonNullable<ProbeBody["tune"]>;
  /** Is called after each answer with the number of photographs that it settled. */
  readonly onAnswer?: (photos: number) => void;
}

/**
 * Asks the proxy about photographs: in batches with a token, one by one without. Photographs that the storage does not give
 * now are tried again within the timeout.
 * @throws Unanswered when the proxy does not answer within the timeout; CannotRun when it refuses the token.
 */
export async function probe(
  server: Server,
  keys: readonly string[],
  asking: Asking,
): Promise<Map<string, Probed>> {
  const found = new Map<string, Probed>();
  await inRounds(server, keys, server.token === undefined ? 1 : apiLimits.images, async (batch) => {
    const answers =
      server.token === undefined
        ? await probeOne(server, batch, asking)
        : await probeMany(server, batch, asking);
    const again = new Map<string, Refusal>();
    for (const [name, answer] of answers) {
      found.set(name, "problem" in answer ? answer : onlyAsked(answer, asking));
      if ("problem" in answer && blameOf(answer.problem.code) === "storage") again.set(name, answer.problem);
    }
    asking.onAnswer?.(batch.length - again.size);
    return again;
  });
  return found;
}

/** The keys in the folders of missing photographs, if the server can list them; nothing without a token. */
export async function probeNeighbours(
  server: Server,
  images: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (server.token === undefined) return new Map();
  const body = { images, neighbours: true } satisfies ProbeBody;
  const call = apiCall(server, "POST", apiPaths.probe, body);
  return request(server, { ...call, read: (answer) => parseNeighbours(answer, images, call.url) });
}

/** Whatever the server tells: only the site decides what its pages publish. */
function onlyAsked({ meta, ...info }: ImageInfo, { meta: wanted }: Asking): ImageInfo {
  return meta === undefined ? info : { ...info, meta: pickMeta(meta, wanted) };
}

// --- calls ---

async function probeOne(
  server: Server,
  [name = ""]: readonly string[],
  { key }: Asking,
): Promise<[string, Probed][]> {
  const url = formatUrl(server.endpoint, { key: name, format: "json" }, key);
  const read = async (answer: Answer): Promise<Probed> => {
    const problem = answer.ok ? undefined : await refusalOf(answer);
    return problem === undefined ? readImageInfo(answer, name, url) : { problem };
  };
  const answer = await request(server, { url, init: () => ({}), read }).catch((error: unknown): Probed => {
    if (!(error instanceof Unanswered && error.heard)) throw error;
    return { problem: { code: UNANSWERED, detail: error.message } };
  });
  return [[name, answer]];
}

async function probeMany(
  server: Server,
  images: readonly string[],
  { meta, tune }: Asking,
): Promise<[string, Probed][]> {
  const body = {
    images,
    ...(meta.length > 0 && { meta: fieldsOf(meta) }),
    ...(tune !== undefined && { tune }),
  } satisfies ProbeBody;
  const call = apiCall(server, "POST", apiPaths.probe, body);
  return request(server, {
    ...call,
    read: async (answer) => parseProbeAnswer(answer, images, call.url),
    // Each photograph may have to be fetched and probed.
    silenceMs: Number.POSITIVE_INFINITY,
  });
}
