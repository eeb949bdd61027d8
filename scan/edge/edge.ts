import pMap from "p-map";
import { browserAccept } from "../../contract/accept.ts";
import { type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import { formatUrl } from "../../contract/url/url.ts";
import { blameOf } from "../proxy/blame.ts";
import type { Answer } from "../proxy/client.ts";
import { InFront, seenIn } from "../proxy/in-front.ts";
import { refusalOf } from "../proxy/parse-answers.ts";
import { request, type Server, Unanswered } from "../proxy/request.ts";
import { type CacheWord, cacheWord, uncachedWords } from "./caches.ts";

/** What readers get at the public address. */
export interface EdgeResult {
  /** By URL and class of readers; each was requested twice. */
  readonly responses: number;
  /** Number of those that came from a cache on the way, by their headers, the first or the second time. */
  readonly cached: number;
  /** Whether a response had the header of a cache on the way. */
  readonly isCdn: boolean;
  /** Each warning once. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Why the rest was not read, if so: neither a photograph nor the site is at fault. */
  readonly unsettled?: string;
}

/**
 * Requests every URL through the CDN, for one class of readers after the other: a cache that ignores `Vary: Accept` gives the
 * second class the format of the first. Then requests all of them again: now a cache should have them.
 * @param server whose endpoint is the public address.
 * @throws the signal's reason when it aborts.
 */
export async function readEdge(
  server: Server,
  requests: Iterable<ImageRequest>,
  signatureKey: string | undefined,
  onResponse: () => void,
): Promise<EdgeResult> {
  const seen = createSeen();
  const all = [...requests].map((asked) => ({ asked, url: formatUrl(server.endpoint, asked, signatureKey) }));
  for (const isAgain of [false, true])
    await pMap(
      all,
      async ({ asked, url }) => {
        for (const accept of classesOf(asked)) {
          if (seen.isOver()) return;
          const response = await readOnce(server, url, accept);
          seen.add({ asked, url, accept, isAgain, response });
          onResponse();
        }
      },
      { concurrency: server.concurrency },
    );
  return seen.result();
}

/** Number of requests for that. */
export function edgeRequests(requests: Iterable<ImageRequest>): number {
  let count = 0;
  for (const asked of requests) count += 2 * classesOf(asked).length;
  return count;
}

// --- what was seen ---

interface Seen {
  readonly asked: ImageRequest;
  readonly url: string;
  readonly accept: AcceptClass;
  readonly isAgain: boolean;
  readonly response: EdgeAnswer | EdgeFault;
}

function createSeen() {
  const problems = new Set<string>();
  const refused = new Map<string, Set<string>>();
  const said = new Set<string>();
  const responses = new Set<string>();
  const cached = new Set<string>();
  let again = 0;
  const unsettled = new Set<string>();
  let isAway = false;
  return {
    /** All other requests would get the same answer. */
    isOver: () => isAway,
    add({ asked, url, accept, isAgain, response }: Seen) {
      const name = `${accept} ${url}`;
      responses.add(name);
      if ("unsettled" in response) {
        unsettled.add(response.unsettled);
        isAway ||= response.isAway;
      } else if ("problem" in response) {
        const words = `${asked.key}: ${response.problem}`;
        refused.set(words, (refused.get(words) ?? new Set()).add(url));
      } else {
        for (const problem of varyProblems(asked, accept, response)) problems.add(problem);
        if (response.cache.hit) cached.add(name);
        if (isAgain) again++;
        if (isAgain && response.cache.said !== undefined) said.add(response.cache.said);
      }
    },
    result: (): EdgeResult => ({
      responses: responses.size,
      cached: cached.size,
      isCdn: said.size > 0,
      problems: [...problems, ...[...refused].map(refusedWords)],
      warnings: again > 0 && cached.size === 0 ? [uncachedWords(said)] : [],
      ...(unsettled.size > 0 && { unsettled: [...unsettled].join("\n") }),
    }),
  };
}

/** A missing photograph has many URLs, each for several classes of readers: report it once. */
function refusedWords([words, urls]: readonly [string, ReadonlySet<string>]): string {
  const [first = ""] = urls;
  return `${words} at ${urls.size === 1 ? first : `${urls.size} URLs, such as ${first}`}`;
}

// --- one response ---

type AcceptClass = keyof typeof browserAccept;

interface EdgeAnswer {
  readonly type: string;
  readonly vary: string;
  readonly cache: CacheWord;
}

/** `problem`: of this URL. `unsettled`: the state of this URL is unknown; with `isAway`, that of all URLs. */
type EdgeFault = { readonly problem: string } | { readonly unsettled: string; readonly isAway: boolean };

function classesOf(asked: ImageRequest): readonly AcceptClass[] {
  return isOriginal(asked) || asked.format !== undefined ? ["none"] : ["avif", "webp", "none"];
}

async function readOnce(server: Server, url: string, accept: AcceptClass): Promise<EdgeAnswer | EdgeFault> {
  try {
    return await request(server, {
      url,
      init: () => ({ headers: { accept: browserAccept[accept] } }),
      read: (answer) => readAnswer(answer, url),
      takesMissing: true,
    });
  } catch (error) {
    if (error instanceof Unanswered) return { unsettled: error.message, isAway: !error.heard };
    if (error instanceof InFront) return { unsettled: error.message, isAway: true };
    throw error;
  }
}

async function readAnswer(answer: Answer, url: string): Promise<EdgeAnswer | EdgeFault> {
  await answer.bytes();
  if (!answer.ok) {
    const refusal = await refusalOf(answer);
    const words = `answers ${answer.status}${refusal === undefined ? "" : ` (${refusal.detail})`}`;
    const isOfUrl = refusal === undefined || blameOf(refusal.code) === "photograph";
    return isOfUrl ? { problem: words } : { unsettled: `${url} ${words}`, isAway: false };
  }
  const type = answer.header("content-type");
  // A login page is sent with 200.
  if (!type.startsWith("image/")) throw new InFront(url, await seenIn(answer));
  return { type, vary: answer.header("vary"), cache: cacheWord(answer) };
}

/** A format that a class of readers cannot show, and the reason. */
function varyProblems(asked: ImageRequest, accept: AcceptClass, { type, vary }: EdgeAnswer): string[] {
  if (asked.format !== undefined || isOriginal(asked) || type === "image/svg+xml") return [];
  const unreadable =
    (accept !== "avif" && type === "image/avif") || (accept === "none" && type === "image/webp");
  if (unreadable)
    return [
      `something in front of the proxy ignores Vary: Accept and sends ${type} to browsers that cannot show it: configure it to keep formats apart, or set params.imgproxy.formats to a list`,
    ];
  return /(?:^|[\s,])(?:accept|\*)(?:$|[\s,])/i.test(vary)
    ? []
    : ["the responses have no Vary: Accept: something in front of the proxy removes it"];
}
