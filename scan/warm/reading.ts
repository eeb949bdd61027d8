import { browserAccept } from "../../contract/accept.ts";
import { formatUrl } from "../../contract/url.ts";
import type { Answer } from "../answer.ts";
import { problemOf } from "../answers.ts";
import { inParallel, request, type Server, TryAgain, Unanswered } from "../http.ts";
import type { Variant, WarmResult } from "./variant.ts";

/**
 * Asks for each variant as a reader would, so that it is in the cache.
 * @param endpoint the proxy's, or that of a CDN before it.
 * @param key of signatures.
 * @param onResult is called with each variant once.
 * @throws the signal's reason when it aborts; nothing else: what cannot be had is a result.
 */
export async function warmByReading(
  server: Server,
  variants: Iterable<Variant>,
  key: string | undefined,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  await inParallel(variants, server.concurrency, async (variant) => {
    onResult(variant, await readVariant(server, variant, key));
  });
}

// --- one variant ---

async function readVariant(server: Server, variant: Variant, key: string | undefined): Promise<WarmResult> {
  const url = formatUrl(server.endpoint, variant.request, key);
  const accept = browserAccept[variant.accept === "any" ? "none" : variant.accept];
  try {
    return await request(server, {
      url,
      init: () => ({ headers: { accept } }),
      read: (answer) => readAnswer(answer, variant),
    });
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return { status: "failed", problem: { code: "unanswered", detail: error.message } };
  }
}

async function readAnswer(answer: Answer, variant: Variant): Promise<WarmResult> {
  if (!answer.ok) return { status: "failed", problem: await problemOf(answer) };
  const bytes = (await answer.bytes()).byteLength;
  if (isSubstitute(answer, variant)) throw new TryAgain("WebP while the AVIF is made");
  return {
    status: isHit(answer.header("cache-status")) ? "hit" : "made",
    bytes,
    type: answer.header("content-type"),
  };
}

/** A reader who waits gets WebP, to be kept for a minute, while a large AVIF is made behind it: a scan waits for that. */
function isSubstitute(answer: Answer, { accept }: Variant): boolean {
  const maxAge = Number(/\bmax-age=(\d+)/.exec(answer.header("cache-control"))?.[1] ?? Number.NaN);
  return accept === "avif" && answer.header("content-type") === "image/webp" && maxAge <= 60;
}

/** RFC 9211: the member that speaks of the proxy says `hit`. */
function isHit(cacheStatus: string): boolean {
  return cacheStatus.split(/,\s*/).some((member) => /^imgproxy-lite;.*\bhit\b/.test(member));
}
