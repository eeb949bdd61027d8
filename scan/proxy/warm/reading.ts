import { browserAccept } from "../../../contract/accept.ts";
import { formatUrl } from "../../../contract/url/url.ts";
import { blameOf, type Refusal, UNANSWERED } from "../blame.ts";
import type { Answer } from "../client.ts";
import { InFront, seenIn } from "../in-front.ts";
import { refusalOf } from "../parse-answers.ts";
import { request, type Server, TryAgain } from "../request.ts";
import { inRounds } from "../rounds.ts";
import { createAway } from "./away.ts";
import type { Variant, WarmResult } from "./variant.ts";

/**
 * Requests each variant as a reader does, so that it is in the cache.
 * @param key that signs requests.
 * @param onResult is called once with each variant.
 * @throws InFront when something else answers; the signal's reason. A variant that cannot be made is a result, not an error.
 */
export async function warmByReading(
  server: Server,
  variants: Iterable<Variant>,
  key: string | undefined,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  const away = createAway();
  const left = await inRounds(server, [...variants], 1, async (some) => {
    const again = new Map<Variant, Refusal>();
    for (const variant of some) {
      const result = await away.unless(() => readVariant(server, variant, key));
      if ("status" in result) onResult(variant, result);
      else if (blameOf(result.code) === "storage") again.set(variant, result);
      else onResult(variant, { status: "failed", problem: result });
    }
    return again;
  });
  for (const [variant, problem] of left) onResult(variant, { status: "failed", problem });
}

// --- one variant ---

async function readVariant(
  server: Server,
  variant: Variant,
  key: string | undefined,
): Promise<WarmResult | Refusal> {
  const url = formatUrl(server.endpoint, variant.request, key);
  const accept = browserAccept[variant.accept === "any" ? "none" : variant.accept];
  return request(server, {
    url,
    init: () => ({ headers: { accept } }),
    read: (answer) => readAnswer(answer, variant, url),
  });
}

async function readAnswer(answer: Answer, variant: Variant, url: string): Promise<WarmResult | Refusal> {
  if (!answer.ok) return (await refusalOf(answer)) ?? { code: UNANSWERED, detail: await seenIn(answer) };
  const type = answer.header("content-type");
  const bytes = (await answer.bytes()).byteLength;
  if (!type.startsWith("image/")) throw new InFront(url, await seenIn(answer));
  if (isSubstitute(answer, variant)) throw new TryAgain("WebP while the AVIF is made");
  return { status: isHit(answer.header("cache-status")) ? "hit" : "made", bytes, type };
}

/** A waiting reader gets WebP, cacheable for a minute, while a large AVIF is made in the background: the scan waits for the AVIF. */
function isSubstitute(answer: Answer, { accept }: Variant): boolean {
  const maxAge = Number(/\bmax-age=(\d+)/.exec(answer.header("cache-control"))?.[1] ?? Number.NaN);
  return accept === "avif" && answer.header("content-type") === "image/webp" && maxAge <= 60;
}

/** RFC 9211: the proxy's member says `hit`. */
function isHit(cacheStatus: string): boolean {
  return cacheStatus.split(/,\s*/).some((member) => /^imgproxy-lite;.*\bhit\b/.test(member));
}
