import { apiLimits, apiPaths, type MissingBody, type WarmBody } from "../../../contract/api.ts";
import { apiCall } from "../api-call.ts";
import { blameOf, type Refusal } from "../blame.ts";
import { apiRefusal, parseMissingAnswer, parseWarmLine } from "../parse-answers.ts";
import { request, type Server, TryAgain } from "../request.ts";
import { chunks, inRounds } from "../rounds.ts";
import { createAway } from "./away.ts";
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
  /** The encoder's effort, 0 to 9; default: the server's effort for warm-ups. */
  readonly effort?: number;
  /** Whether the size of a variant that is there is known. */
  readonly isWeighed: (variant: Variant) => boolean;
}

/**
 * Lets the server make missing variants: batches of questions about what is missing, then one call for each photograph.
 * @param onResult is called once with each variant.
 * @throws Unanswered when a question gets no answer; CannotRun when the token is refused; the signal's reason.
 */
export async function warmByCalling(
  server: Server,
  requests: Requests,
  options: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  for (const batch of chunks(byPhoto(requests, MOST_REQUESTS), apiLimits.images)) {
    const resultOf = await findMissing(server, batch, options);
    const work: PhotoVariants[] = [];
    for (const photo of batch) {
      const variants: Variant[] = [];
      for (const variant of eachVariant(photo.requests)) {
        const found = resultOf(variant);
        if (found === undefined) variants.push(variant);
        else onResult(variant, found);
      }
      if (variants.length > 0) work.push({ ...photo, variants });
    }
    await warmAll(server, work, options, onResult);
  }
}

/** A request has at most three variants. */
const MOST_REQUESTS = Math.floor(apiLimits.variants / 3);

/** A photograph at one version, and its requested variants. */
interface PhotoVariants extends Pick<PhotoRequests, "img" | "v"> {
  readonly variants: readonly Variant[];
}

// --- what is missing ---

/** One object for all: a large unchanged site has a hundred thousand of them. */
const HIT: WarmResult = { status: "hit" };

async function findMissing(
  server: Server,
  photos: readonly PhotoRequests[],
  { effort, isWeighed }: CallingOptions,
): Promise<(variant: Variant) => WarmResult | undefined> {
  const images = photos.map(({ img, v, requests }) => ({
    img,
    variants: Array.from(eachVariant(requests), specOf),
    ...(v !== undefined && { v }),
  }));
  const sizes = photos.some(({ requests }) => [...eachVariant(requests)].some((one) => !isWeighed(one)));
  const call = apiCall(server, "POST", apiPaths.missing, {
    images,
    ...(effort !== undefined && { effort }),
    ...(sizes && { sizes }),
  } satisfies MissingBody);
  const answer = await request(server, {
    ...call,
    read: (said) => parseMissingAnswer(said, call.url),
    silenceMs: Number.POSITIVE_INFINITY,
  });
  if (answer.images.length === 0) return () => HIT;
  const found = new Map<string, WarmResult | undefined>();
  for (const { img, variants, there = [] } of answer.images) {
    for (const spec of variants) found.set(`${img} ${specName(spec)}`, undefined);
    for (const { variant, bytes, type } of there)
      found.set(`${img} ${specName(variant)}`, { status: "hit", bytes, type });
  }
  return (variant) => {
    const name = `${variant.request.key} ${specName(specOf(variant))}`;
    return found.has(name) ? found.get(name) : HIT;
  };
}

// --- one photograph ---

async function warmAll(
  server: Server,
  photos: readonly PhotoVariants[],
  options: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<void> {
  const away = createAway();
  const orders: readonly Order[] = photos.map((photo) => ({
    photo,
    pending: new Map(photo.variants.map((variant) => [specName(specOf(variant)), variant])),
  }));
  const giveUp = ({ pending }: Order, problem: Refusal): void => {
    for (const variant of pending.values()) onResult(variant, { status: "failed", problem });
  };
  const left = await inRounds(server, orders, 1, async (some) => {
    const again = new Map<Order, Refusal>();
    for (const order of some) {
      const problem = await away.unless(() => warmPhoto(server, order, options, onResult));
      if (problem === undefined) continue;
      if (blameOf(problem.code) === "storage") again.set(order, problem);
      else giveUp(order, problem);
    }
    return again;
  });
  for (const [order, problem] of left) giveUp(order, problem);
}

/** A photograph, and the variants that must still be made, by the text of their specification. */
interface Order {
  readonly photo: PhotoVariants;
  readonly pending: Map<string, Variant>;
}

/** @returns why variants are still missing, if any are. */
async function warmPhoto(
  server: Server,
  { photo, pending }: Order,
  { effort }: CallingOptions,
  onResult: (variant: Variant, result: WarmResult) => void,
): Promise<Refusal | undefined> {
  const { url } = apiCall(server, "POST", apiPaths.warm, {});
  const bodyNow = (): WarmBody => ({
    img: photo.img,
    variants: [...pending.values()].map(specOf),
    ...(photo.v !== undefined && { v: photo.v }),
    ...(effort !== undefined && { effort }),
  });
  return request(server, {
    url,
    init: () => apiCall(server, "POST", apiPaths.warm, bodyNow()).init(),
    read: async (answer) => {
      if (!answer.ok) throw await apiRefusal(answer, url);
      let passing: Refusal | undefined;
      for await (const line of ndjsonLines(answer)) {
        const { variant, result } = parseWarmLine(line, url);
        const name = specName(variant);
        const asked = pending.get(name);
        if (asked === undefined) continue;
        if (result.status === "failed" && blameOf(result.problem.code) !== "photograph")
          passing = result.problem;
        else if (pending.delete(name)) onResult(asked, result);
      }
      if (pending.size === 0) return undefined;
      if (passing !== undefined && blameOf(passing.code) !== "moment") return passing;
      throw new TryAgain(passing?.detail ?? "the answer ended early");
    },
    // Readers go first; meanwhile the server sends signs of life.
    silenceMs: Number.POSITIVE_INFINITY,
  });
}
