import { apiLimits, apiPaths, type MissingBody, type WarmBody } from "../../contract/api.ts";
import { apiRefusal, parseMissingAnswer, parseWarmLine } from "../answers.ts";
import { apiCall } from "../api-call.ts";
import { inParallel, request, type Server, TryAgain, Unanswered } from "../http.ts";
import { ndjsonLines } from "./ndjson.ts";
import { byPhoto, type PhotoVariants, specName, specOf, type Variant, type WarmResult } from "./variant.ts";

export interface CallingOptions {
  /** The encoder's, 0 to 9; absent: what the server warms with. */
  readonly effort?: number;
}

/**
 * Has the server make what it lacks: one batch of questions, then one call a photograph for what is missing.
 * @param onResult is called with each variant once.
 * @throws Unanswered when the question stays unanswered; CannotRun when the token is refused; the signal's reason.
 */
export async function warmByCalling(
  server: Server,
  variants: Iterable<Variant>,
  options: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  const photos = byPhoto(variants).flatMap(splitPhoto);
  await inParallel(chunks(photos, apiLimits.images), 1, async (batch) => {
    const missing = await findMissing(server, batch, options);
    for (const photo of batch)
      for (const variant of photo.variants) if (!missing.has(variant)) onResult(variant, HIT);
    if (missing.size === 0) return;
    const work = batch
      .map((photo) => ({ ...photo, variants: photo.variants.filter((variant) => missing.has(variant)) }))
      .filter((photo) => photo.variants.length > 0);
    await inParallel(work, server.concurrency, (photo) => warmPhoto(server, photo, options, onResult));
  });
}

// --- what is missing ---

/** One for all: on a large site that has not changed there are a hundred thousand of them. */
const HIT: WarmResult = { status: "hit" };

async function findMissing(
  server: Server,
  photos: readonly PhotoVariants[],
  options: CallingOptions,
): Promise<ReadonlySet<Variant>> {
  const images = photos.map(({ img, v, variants }) => ({
    ...{ img, variants: variants.map(specOf) },
    ...(v !== undefined && { v }),
  }));
  const call = apiCall(server, "POST", apiPaths.missing, { images, ...options } satisfies MissingBody);
  const answer = await request(server, {
    ...call,
    read: (response) => parseMissingAnswer(response, call.url),
    silenceMs: Number.POSITIVE_INFINITY,
  });
  if (answer.images.length === 0) return new Set();
  const names = new Set(
    answer.images.flatMap(({ img, variants }) => variants.map((spec) => `${img} ${specName(spec)}`)),
  );
  const all = photos.flatMap((photo) => photo.variants);
  return new Set(all.filter((variant) => names.has(`${variant.request.key} ${specName(specOf(variant))}`)));
}

// --- one photograph ---

async function warmPhoto(
  server: Server,
  photo: PhotoVariants,
  options: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  const pending = new Map(photo.variants.map((variant) => [specName(specOf(variant)), variant]));
  const passing = new Map<Variant, WarmResult>();
  const settle = (name: string, result: WarmResult) => {
    const variant = pending.get(name);
    if (variant === undefined) return;
    if (result.status === "failed" && passingCodes.has(result.problem.code)) passing.set(variant, result);
    else if (pending.delete(name)) onResult(variant, result);
  };
  const bodyNow = (): WarmBody => ({
    ...{ img: photo.img, variants: [...pending.values()].map(specOf) },
    ...(photo.v !== undefined && { v: photo.v }),
    ...options,
  });
  const { url } = apiCall(server, "POST", apiPaths.warm, {});
  try {
    await request(server, {
      url,
      init: () => apiCall(server, "POST", apiPaths.warm, bodyNow()).init(),
      read: async (response, alive) => {
        if (!response.ok) throw await apiRefusal(response, url);
        for await (const line of ndjsonLines(response)) {
          alive();
          const { variant, result } = parseWarmLine(line, url);
          settle(specName(variant), result);
        }
        if (pending.size > 0) throw new TryAgain(firstWords(passing) ?? "the answer ended early");
      },
      // One variant may take the server's whole WARM_TIMEOUT, and readers go first.
      silenceMs: Number.POSITIVE_INFINITY,
    });
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    const unanswered: WarmResult = {
      status: "failed",
      problem: { code: "unanswered", detail: error.message },
    };
    for (const variant of pending.values()) onResult(variant, passing.get(variant) ?? unanswered);
  }
}

/** What another try may mend. */
const passingCodes: ReadonlySet<string> = new Set([
  "busy",
  "encode-failed",
  "internal",
  "over-budget",
  "source-busy",
  "source-failed",
  "source-timeout",
]);

function firstWords(failures: ReadonlyMap<Variant, WarmResult>): string | undefined {
  const [first] = failures.values();
  return first?.status === "failed" ? first.problem.detail : undefined;
}

// --- batches ---

function splitPhoto(photo: PhotoVariants): PhotoVariants[] {
  return chunks(photo.variants, apiLimits.variants).map((variants) => ({ ...photo, variants }));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
