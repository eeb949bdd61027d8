import { browserAccept } from "../contract/accept.ts";
import { type ImageRequest, isOriginal } from "../contract/request.ts";
import { formatUrl } from "../contract/url.ts";
import type { Answer } from "./answer.ts";
import { inParallel, request, type Server, Unanswered } from "./http.ts";

/** What readers get at the public address. */
export interface EdgeResult {
  readonly responses: number;
  /** Answered from a cache on the way, as it says itself (`Age`, `Cache-Status`, `X-Cache`, `CF-Cache-Status`). */
  readonly cached: number;
  /** In words, each once. */
  readonly problems: readonly string[];
}

/**
 * Reads every URL through whatever stands before the proxy, in each class of readers one after the other: a cache that
 * ignores `Vary: Accept` gives the second reader what the first could read.
 * @param server whose endpoint is the public one.
 * @throws the signal's reason when it aborts.
 */
export async function readEdge(
  server: Server,
  requests: Iterable<ImageRequest>,
  signatureKey: string | undefined,
  onResponse: () => void,
): Promise<EdgeResult> {
  const problems = new Set<string>();
  const refused = new Map<string, string[]>();
  let responses = 0;
  let cached = 0;
  await inParallel(requests, server.concurrency, async (asked) => {
    const url = formatUrl(server.endpoint, asked, signatureKey);
    for (const accept of classesOf(asked)) {
      const answer = await readOnce(server, url, accept);
      responses++;
      onResponse();
      if ("problem" in answer) {
        const words = `${asked.key}: ${answer.problem}`;
        refused.set(words, [...(refused.get(words) ?? []), url]);
      } else {
        if (answer.cached) cached++;
        for (const problem of varyProblems(asked, accept, answer)) problems.add(problem);
      }
    }
  });
  return { responses, cached, problems: [...problems, ...[...refused].map(refusedWords)] };
}

/** One photograph that is not there has many URLs, each for several readers. */
function refusedWords([words, urls]: readonly [string, readonly string[]]): string {
  const count = new Set(urls).size;
  return `${words} at ${count === 1 ? urls[0] : `${count} URLs, such as ${urls[0]}`}`;
}

// --- one response ---

type AcceptClass = keyof typeof browserAccept;

interface EdgeAnswer {
  readonly type: string;
  readonly vary: string;
  readonly cached: boolean;
}

function classesOf(asked: ImageRequest): readonly AcceptClass[] {
  return isOriginal(asked) || asked.format !== undefined ? ["none"] : ["avif", "webp", "none"];
}

async function readOnce(
  server: Server,
  url: string,
  accept: AcceptClass,
): Promise<EdgeAnswer | { readonly problem: string }> {
  try {
    return await request(server, {
      url,
      init: () => ({ headers: { accept: browserAccept[accept] } }),
      read: async (answer) => {
        await answer.bytes();
        if (!answer.ok) return { problem: `answers ${answer.status}` };
        return {
          type: answer.header("content-type"),
          vary: answer.header("vary"),
          cached: isCached(answer),
        };
      },
    });
  } catch (error) {
    if (error instanceof Unanswered) return { problem: error.message };
    throw error;
  }
}

function isCached(answer: Answer): boolean {
  const words = ["x-cache", "cf-cache-status", "x-cache-status"].map((name) => answer.header(name));
  const others = answer
    .header("cache-status")
    .split(",")
    .filter((one) => !one.includes("imgproxy-lite"));
  return Number(answer.header("age")) > 0 || [...words, ...others].some((text) => /\bhit\b/i.test(text));
}

/** What a reader of a class cannot show, and what lets it happen. */
function varyProblems(asked: ImageRequest, accept: AcceptClass, { type, vary }: EdgeAnswer): string[] {
  if (asked.format !== undefined || isOriginal(asked) || type === "image/svg+xml") return [];
  const unreadable =
    (accept !== "avif" && type === "image/avif") || (accept === "none" && type === "image/webp");
  if (unreadable)
    return [
      `what stands before the proxy ignores Vary: Accept, and gives ${type} to readers that do not know it: have it keep formats apart, or set params.imgproxy.formats to a list`,
    ];
  return /(?:^|[\s,])(?:accept|\*)(?:$|[\s,])/i.test(vary)
    ? []
    : ["the answers carry no Vary: Accept: what stands before the proxy takes it away"];
}
