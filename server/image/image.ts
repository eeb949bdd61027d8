import { type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import type { Entry, EntryMeta } from "../cache/cache.ts";
import { type FreshnessPolicy, nextCheck } from "../http/freshness.ts";
import { afterPreconditions, hasPreconditions } from "../http/preconditions.ts";
import type { Answer, Note, RequestHeaders } from "../http/response.ts";
import { renewingStatus } from "../http/response-headers.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Access } from "./access.ts";
import type { InfoAnswers } from "./answer-info.ts";
import { entryAnswer, knownFrom, variantLabel } from "./entry-response.ts";
import { type MemoryCache, variantName } from "./memory-cache.ts";
import { type NegativeCache, wantedBy } from "./negative-cache.ts";
import { isServedStale, newer, type Revalidation } from "./revalidate.ts";
import type { OriginalServer } from "./serve-original.ts";
import { createUrlMemo, type RememberedVariant } from "./url-memo.ts";
import type { ReEncoder } from "./variants/re-encode.ts";
import type { Variants } from "./variants/variants.ts";

/** Dependencies of the path of an image request. */
export interface ImageParts {
  readonly access: Access;
  readonly hot: MemoryCache;
  readonly variants: Variants;
  readonly infos: InfoAnswers;
  readonly streams: OriginalServer;
  readonly revalidation: Revalidation;
  readonly negative: NegativeCache;
  readonly policy: FreshnessPolicy;
  /** Called with each entry that a reader gets. */
  readonly served: ReEncoder["served"];
  /** For `w` or `fm` without `q`. */
  readonly defaultQuality: number;
  /** Whether a new image would have to wait for an encoder now. */
  readonly isBusy: () => boolean;
}

/** One GET or HEAD of an image. */
export interface ImageCall {
  readonly method: string;
  /** The raw query, without its `?`: a signature covers the bytes that were sent, not the result of a URL parser. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** The client's address: it is charged for new variants, and gets a share of queues. */
  client(): string;
  /** Aborts when the reader has disconnected. */
  signal(): AbortSignal;
}

/** Answers all image requests. */
export interface Images {
  /**
   * Returns the response if it needs no I/O (a hit in memory), otherwise a promise of one.
   * @throws InvalidRequest or Problem for a refusal that needs no I/O; the promise rejects with all others.
   */
  answer(call: ImageCall): Answer | Promise<Answer>;
  /** The parsed request, as far as it can be parsed, for the log line of a failed one. */
  subjectOf(call: Pick<ImageCall, "query" | "headers">): Pick<Note, "key" | "variant">;
}

/** The path of an image request, from its query to its response, in the order of this file. */
export function createImages(parts: ImageParts): Images {
  const { access, hot, variants, infos, streams, revalidation, negative, policy, served, isBusy } = parts;
  const urls = createUrlMemo(parts.defaultQuality);

  function answer(call: ImageCall): Answer | Promise<Answer> {
    const url = urls.find(call.query);
    const { asked } = url;
    if (url.allowedBy !== access.edition) {
      access.check(asked);
      url.allowedBy = access.edition;
    }
    if (isOriginal(asked)) return answerOriginal(call, asked);
    if (asked.format === "json") return infos.answer(call, asked);

    const wanted = urls.variantFor(url, call.headers.accept);
    const held = hot.get(wanted.variant);
    if (held !== undefined && stateOf(wanted, held.meta) === "fresh") return hit(call, wanted, held);
    return answerVariant(call, wanted, held);
  }

  // --- a variant that memory does not have, or has no longer fresh ---

  async function answerVariant(
    call: ImageCall,
    wanted: RememberedVariant,
    held: Entry | undefined,
  ): Promise<Answer> {
    const started = performance.now();
    const found = held ?? (await variants.find(wanted.variant));
    const ms = { cache: performance.now() - started };
    if (found === undefined) return answerMiss(call, wanted, ms);
    try {
      const validator = await currentValidator(call, wanted, found.meta);
      if (variants.isCurrent(found.meta, validator)) return withTimes(hit(call, wanted, found), ms);
      // A publish or another replica may already have made it from the new original.
      const stored = await variants.findStored(wanted.variant, validator);
      if (stored !== undefined) return respond(call, wanted, stored, "hit", ms);
      if (found.meta.validator === validator && isBusy()) {
        // Only the look is old: a reader does not wait for that while others wait for an encoder.
        variants.renew(wanted.variant, access.charge(wanted.asked, call.client()));
        const answer = respond(call, wanted, found, "stale", ms);
        return { ...answer, headers: { ...answer.headers, "cache-status": renewingStatus } };
      }
      return await answerMiss(call, wanted, ms);
    } catch (error) {
      if (!isServedStale(error)) throw error;
      return respond(call, wanted, found, "stale", ms);
    }
  }

  /** The current validator of the original; asks the source if the freshness rules require it. */
  async function currentValidator(
    call: ImageCall,
    wanted: RememberedVariant,
    meta: EntryMeta,
  ): Promise<string> {
    const { key } = wanted.variant;
    if (stateOf(wanted, meta) === "unknown") return (await revalidation.now(key, call.signal())).validator;
    return newer(revalidation.known(key), knownFrom(meta)).validator;
  }

  // --- freshness ---

  /**
   * Whether an entry may be served without asking the source first; if a check is due, starts it in the background.
   * `outdated`: the source has another original now, or images look different now. `unknown`: the source must be asked first.
   */
  function stateOf(wanted: RememberedVariant, meta: EntryMeta): "fresh" | "outdated" | "unknown" {
    const { asked } = wanted;
    const said = revalidation.known(asked.key);
    const isRemembered = wanted.known === said && isSame(wanted.meta, meta);
    if (isRemembered && performance.now() < wanted.freshUntil) return "fresh";
    if (!isRemembered) Object.assign(wanted, { meta, known: said, whole: undefined, unchanged: undefined });
    const known = newer(said, knownFrom(meta));
    const version = versionOf(known.validator);
    const { leftMs, comesFirst } = nextCheck({ asked: asked.version, version }, known.checked, policy);
    wanted.freshUntil = 0;
    if (leftMs === 0 && comesFirst) return "unknown";
    if (leftMs === 0) revalidation.inBackground(asked.key);
    if (!variants.isCurrent(meta, known.validator)) return "outdated";
    wanted.freshUntil = performance.now() + leftMs;
    return "fresh";
  }

  // --- a hit ---

  /** The same headers object each time: front/held.ts remembers what it builds from it. */
  function hit(call: ImageCall, wanted: RememberedVariant, entry: Entry): Answer {
    served(wanted.variant, entry.meta, call);
    // While this request asked the source, another one may have remembered the response of a newer entry.
    if (!isSame(wanted.meta, entry.meta)) return respond(call, wanted, entry, "hit");
    wanted.whole ??= {
      ...entryAnswer(wanted.variant, entry, { cache: "hit", asked: wanted.asked.version, policy }),
      body: null,
    };
    const { whole } = wanted;
    if (hasPreconditions(call.headers)) {
      const answer = afterPreconditions(whole, call.headers);
      if (answer !== whole) {
        wanted.unchanged ??= answer;
        return wanted.unchanged;
      }
    }
    return { ...whole, body: entry.body };
  }

  // --- a miss ---

  async function answerMiss(
    call: ImageCall,
    wanted: RememberedVariant,
    cacheMs: { readonly cache: number },
  ): Promise<Answer> {
    const { asked, variant } = wanted;
    const { entry, ms } = await negative.attempt(wantedBy(asked, variantName(variant)), async () => {
      const clients = access.charge(asked, call.client());
      return variants.make(variant, clients, call.signal());
    });
    served(variant, entry.meta, call);
    return respond(call, wanted, entry, "miss", { ...cacheMs, ...ms });
  }

  function respond(
    call: ImageCall,
    { variant, asked }: RememberedVariant,
    entry: Entry,
    cache: CacheOutcome,
    ms?: Times,
  ): Answer {
    const made = entryAnswer(variant, entry, { cache, asked: asked.version, policy });
    const answer = afterPreconditions(made, call.headers);
    return ms === undefined ? answer : withTimes(answer, ms);
  }

  // --- the original ---

  async function answerOriginal(call: ImageCall, asked: ImageRequest): Promise<Answer> {
    const made = await negative.attempt(wantedBy(asked), () => streams.answer(call, asked, call.signal()));
    return { ...made, note: { ...made.note, key: asked.key, variant: "original" } };
  }

  function subjectOf(call: Pick<ImageCall, "query" | "headers">): Pick<Note, "key" | "variant"> {
    try {
      const url = urls.find(call.query);
      const { key, format } = url.asked;
      if (isOriginal(url.asked)) return { key, variant: "original" };
      if (format === "json") return { key, variant: "json" };
      return { key, variant: variantLabel(urls.variantFor(url, call.headers.accept).variant) };
    } catch {
      return {};
    }
  }

  return { answer, subjectOf };
}

// --- parts ---

type Times = NonNullable<NonNullable<Answer["note"]>["ms"]>;

function withTimes(answer: Answer, ms: Times): Answer {
  return { ...answer, note: { ...answer.note, ms } };
}

/** An entry that was dropped from memory and read again from disk counts as the same. */
function isSame(a: EntryMeta | undefined, b: EntryMeta): boolean {
  if (a === b) return true;
  return (
    a?.etag === b.etag && a.validator === b.validator && a.made === b.made && a.substitute === b.substitute
  );
}
