import { browserAccept } from "../contract/accept.ts";
import { type ImageRequest, isOriginal } from "../contract/request.ts";
import { formatUrl } from "../contract/url.ts";
import { problemOf, type Refusal } from "./answers.ts";
import { inParallel, request, type Server, Unanswered } from "./http.ts";

/** Who asks: the formats that a reader's browser names. */
export type AcceptClass = keyof typeof browserAccept;

/** What one request is answered with, for one class of readers; `any` where the URL names the format. */
export interface Variant {
  readonly request: ImageRequest;
  readonly accept: AcceptClass | "any";
}

/** How a variant was found: in the cache, made for this scan, or not to be had. */
export type WarmResult =
  | { readonly status: "hit" | "made"; readonly bytes: number; readonly type: string }
  | { readonly status: "failed"; readonly problem: Refusal };

/** What readers of a page may ask the proxy for; originals are streamed as stored and never in its cache. */
export function variantsOf(asked: ImageRequest): Variant[] {
  if (isOriginal(asked) || asked.format === "json") return [];
  if (asked.format !== undefined) return [{ request: asked, accept: "any" }];
  return (["avif", "webp", "none"] as const).map((accept) => ({ request: asked, accept }));
}

/**
 * Asks for each variant as a reader would, so that it is in the cache.
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
    return await request(server, url, { headers: { accept } }, readAnswer);
  } catch (error) {
    if (error instanceof Unanswered)
      return { status: "failed", problem: { code: "unanswered", detail: error.message } };
    throw error;
  }
}

async function readAnswer(response: Response): Promise<WarmResult> {
  if (!response.ok) return { status: "failed", problem: await problemOf(response) };
  const bytes = (await response.arrayBuffer()).byteLength;
  return {
    status: isHit(response.headers.get("cache-status")) ? "hit" : "made",
    bytes,
    type: response.headers.get("content-type") ?? "",
  };
}

/** RFC 9211: the member that speaks of the proxy says `hit`. */
function isHit(cacheStatus: string | null): boolean {
  return /^imgproxy-lite;.*\bhit\b/m.test((cacheStatus ?? "").split(/,\s*/).join("\n"));
}
