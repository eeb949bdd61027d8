import type { ManifestImage } from "../../contract/manifest.ts";
import type { ImageRequest } from "../../contract/url/request.ts";
import { formatUrl } from "../../contract/url/url.ts";
import { CannotRun } from "../cannot-run.ts";
import type { Site } from "../site/site.ts";
import { refusalOf } from "./parse-answers.ts";
import { request, type Server, Unanswered } from "./request.ts";

interface Use {
  readonly key: string;
  /** The page's endpoint. */
  readonly endpoint: string;
  candidates(image: ManifestImage | undefined): { readonly all: readonly ImageRequest[] };
}

/**
 * Finds languages whose endpoint is a different server that refuses what their pages show: it has another bucket, or
 * VARIANTS=listed without this site's published set. It requests one photograph of each language as a reader does. An endpoint
 * that does not answer here is ignored.
 * @returns a warning for each such endpoint. @throws the signal's reason.
 */
export async function otherServers(
  site: Site,
  server: Omit<Server, "token">,
  uses: Iterable<Use>,
  images: ReadonlyMap<string, ManifestImage>,
): Promise<readonly string[]> {
  const urls = new Map<string, string>();
  for (const use of uses) {
    if (use.endpoint === server.endpoint || urls.has(use.endpoint) || !images.has(use.key)) continue;
    const [first] = use.candidates(images.get(use.key)).all;
    if (first !== undefined) urls.set(use.endpoint, formatUrl(use.endpoint, first, site.signatureKey));
  }
  const words: string[] = [];
  for (const [endpoint, url] of urls) {
    const refusal = await refusalAt(server, url);
    const names = site.languages.filter(({ params }) => params.endpoint === endpoint).map(({ name }) => name);
    if (refusal !== undefined)
      words.push(
        `params.imgproxy.endpoint of ${names.join(", ")} is ${endpoint}, a different server than ${server.endpoint}, which this scan used for all languages. It refuses ${url} (${refusal}). Give both servers the same photographs, and publish to the other one by a second scan with --endpoint ${endpoint}`,
      );
  }
  return words;
}

/** Why an imgproxy-lite server refuses the URL to a reader; undefined if it does not, or if no such server answers. */
async function refusalAt(server: Omit<Server, "token">, url: string): Promise<string | undefined> {
  try {
    return await request<string | undefined>(
      { ...server, patienceMs: 3_000 },
      {
        url,
        init: () => ({}),
        read: async (answer) => {
          if (!answer.ok) return (await refusalOf(answer))?.detail;
          await answer.bytes();
          return undefined;
        },
      },
    );
  } catch (error) {
    server.signal.throwIfAborted();
    if (error instanceof Unanswered || error instanceof CannotRun) return undefined;
    throw error;
  }
}
