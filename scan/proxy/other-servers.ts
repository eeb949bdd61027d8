import type { ManifestImage } from "../../contract/manifest.ts";
import type { ImageRequest } from "../../contract/request.ts";
import { formatUrl } from "../../contract/url.ts";
import { CannotRun } from "../cannot-run.ts";
import type { Site } from "../site/site.ts";
import { refusalOf } from "./parse-answers.ts";
import { request, type Server, Unanswered } from "./request.ts";

interface Use {
  readonly key: string;
  /** Where the page's readers reach the proxy. */
  readonly endpoint: string;
  candidates(image: ManifestImage | undefined): { readonly all: readonly ImageRequest[] };
}

/**
 * Languages whose endpoint is not a second name of the server that was asked, but a server that refuses what their pages show:
 * another bucket, or VARIANTS=listed without this site's published set. One photograph of each is asked for, as a reader does;
 * an endpoint that gives no answer here says nothing.
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
        `params.imgproxy.endpoint of ${names.join(", ")} is ${endpoint}, another server than ${server.endpoint}, which was asked for all languages: it refuses ${url} (${refusal}); give both the same photographs, and publish to it too, by a second scan with --endpoint ${endpoint}`,
      );
  }
  return words;
}

/** Why a server of ours gives a reader nothing there; undefined where it gives it, or no server of ours answers. */
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
