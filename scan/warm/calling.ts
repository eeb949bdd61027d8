import { apiLimits, apiPaths, type MissingBody, type WarmBody } from "../../contract/api.ts";
import { apiRefusal, parseMissingAnswer, parseWarmLine } from "../answers.ts";
import { apiCall } from "../api-call.ts";
import { inParallel, request, type Server, TryAgain, Unanswered } from "../http.ts";
import { ndjsonLines } from "./ndjson.ts";
import {
  byPhoto,
  eachVariant,
  type PhotoRequests,
  type Requests,
  specName,
  specOf,
  type Variant,
  type WarmResult,
} from "./variant.ts";

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
  requests: Requests,
  options: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  await inParallel(chunks(byPhoto(requests, MOST_REQUESTS), apiLimits.images), 1, async (batch) => {
    const isMissing = await findMissing(server, batch, options);
    const work: PhotoVariants[] = [];
    for (const photo of batch) {
      const variants: Variant[] = [];
      for (const variant of eachVariant(photo.requests))
        if (isMissing(variant)) variants.push(variant);
        else onResult(variant, HIT);
      if (variants.length > 0) work.push({ ...photo, variants });
    }
    await inParallel(work, server.concurrency, (photo) => warmPhoto(server, photo, options, onResult));
  });
}

/** A request has three variants at most. */
const MOST_REQUESTS = Math.floor(apiLimits.variants / 3);

/** A photograph at one version, and what is wanted of it. */
interface PhotoVariants extends Pick<PhotoRequests, "img" | "v"> {
  readonly variants: readonly Variant[];
}

// --- what is missing ---

/** One for all: on a large site that has not changed there are a hundred thousand of them. */
const HIT: WarmResult = { status: "hit" };

async function findMissing(
  server: Server,
  photos: readonly PhotoRequests[],
  options: CallingOptions,
): Promise<(variant: Variant) => boolean> {
  const images = photos.map(({ img, v, requests }) => ({
    ...{ img, variants: Array.from(eachVariant(requests), specOf) },
    ...(v !== undefined && { v }),
  }));
  const call = apiCall(server, "POST", apiPaths.missing, { images, ...options } satisfies MissingBody);
  const answer = await request(server, {
    ...call,
    read: (said) => parseMissingAnswer(said, call.url),
    silenceMs: Number.POSITIVE_INFINITY,
  });
  if (answer.images.length === 0) return () => false;
  const names = new Set(
    answer.images.flatMap(({ img, variants }) => variants.map((spec) => `${img} ${specName(spec)}`)),
  );
  return (variant) => names.has(`${variant.request.key} ${specName(specOf(variant))}`);
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
      read: async (answer, alive) => {
        if (!answer.ok) throw await apiRefusal(answer, url);
        for await (const line of ndjsonLines(answer)) {
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

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
