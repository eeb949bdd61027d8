import { type ImageRequest, isOriginal, parseQuery } from "../../contract/request.ts";
import type { Entry, SourceRecord, Variant } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { cacheControl, type FreshnessPolicy, whenToCheck } from "../http/freshness.ts";
import type { Answer, Note } from "../http/response.ts";
import { cacheStatus, etagOf, unlessMatched } from "../http/response-headers.ts";
import { isGone } from "../source/access-denied.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Access } from "./access.ts";
import { entryAnswer, knownFrom } from "./entry-response.ts";
import { type Descriptions, toInfo } from "./image-info.ts";
import { variantName } from "./memory-cache.ts";
import type { Negative, Wanted } from "./negative-cache.ts";
import { negotiate } from "./negotiate.ts";
import { type Checks, type Known, newer } from "./revalidate.ts";
import type { Streams } from "./serve-original.ts";
import type { Variants } from "./variants.ts";

/** What the path of an image request is made of. */
export interface ImageParts {
  readonly access: Access;
  readonly variants: Variants;
  readonly descriptions: Descriptions;
  readonly streams: Streams;
  readonly checks: Checks;
  readonly negative: Negative;
  readonly policy: FreshnessPolicy;
  /** For `w` or `fm` without `q`. */
  readonly defaultQuality: number;
}

/** One image request as it came. */
export interface ImageCall {
  readonly request: Request;
  /** The raw query, without its `?`: signatures hold for what was sent, not for what a URL parser makes of it. */
  readonly query: string;
  /** Whom a new variant is charged to. */
  readonly client: string;
  /** Aborts when the reader has gone. */
  readonly signal: AbortSignal;
}

/** A request for one variant by a reader who is known. */
export interface VariantCall {
  readonly asked: ImageRequest;
  readonly variant: Variant;
  readonly ifNoneMatch: string | null | undefined;
  /** Whom a new variant is charged to. */
  readonly client: string;
  /** Aborts when the reader has gone. */
  readonly signal: AbortSignal;
}

/** Answers image requests. Both throw InvalidRequest or Problem, for problem.ts to put into words. */
export interface Images {
  /** Any image URL. Refusals that cost nothing come first, then memory and disk, then the source. */
  answer(call: ImageCall): Promise<Answer>;
  /**
   * A variant that was let in and looked for, in memory and on disk, in vain.
   * @param cacheMs what that took.
   */
  answerMissing(call: VariantCall, cacheMs: number): Promise<Answer>;
}

export function createImages(parts: ImageParts): Images {
  return {
    async answer({ request, query, client, signal }) {
      const asked = parseQuery(query);
      parts.access.check(asked);
      if (isOriginal(asked)) return named(asked, await answerOriginal(parts, request, asked, signal));
      const { headers } = request;
      const variant = variantOf(asked, headers.get("accept"), parts.defaultQuality);
      const call = { asked, variant, ifNoneMatch: headers.get("if-none-match"), client, signal };
      const answer = asked.format === "json" ? answerInfo(parts, call) : answerVariant(parts, call);
      return named(asked, await answer);
    },
    answerMissing: async (call, cacheMs) => named(call.asked, await answerMissing(parts, call, cacheMs)),
  };
}

function named({ key }: ImageRequest, { note, ...answer }: Answer): Answer {
  return { ...answer, note: { ...note, key } };
}

function answerOriginal(
  { negative, streams }: ImageParts,
  request: Request,
  asked: ImageRequest,
  signal: AbortSignal,
): Promise<Answer> {
  return negative.attempt(wantedBy(asked), () => streams.answer(request, asked, signal));
}

/** @param variant what is made of the original's pixels; absent: nothing is. */
function wantedBy({ key, version }: ImageRequest, variant?: string): Wanted {
  return { key, version, ...(variant !== undefined && { variant }) };
}

/** What a request asks for, once its reader is known. */
export function variantOf(
  { key, width, quality, format }: ImageRequest,
  accept: string | null | undefined,
  defaultQuality: number,
): Variant {
  const wanted = format === "json" ? undefined : format;
  return {
    key,
    quality: quality ?? defaultQuality,
    class: negotiate(accept, wanted),
    ...(width !== undefined && { width }),
  };
}

// --- variants ---

async function answerVariant(parts: ImageParts, call: VariantCall): Promise<Answer> {
  const { variants } = parts;
  const { variant, asked, signal } = call;
  const started = performance.now();
  const found = await variants.find(variant);
  const cacheMs = performance.now() - started;
  if (found === undefined) return answerMissing(parts, call, cacheMs);
  const ms = { cache: cacheMs };
  try {
    const known = await current(parts, variant.key, asked, knownFrom(found.meta), signal);
    if (known.validator === found.meta.validator) return respond(parts, call, found, "hit", ms);
    // What memory holds is outdated; a publish or another replica may have made the new one already.
    const stored = await variants.findStored(variant, known.validator);
    if (stored !== undefined) return respond(parts, call, stored, "hit", ms);
    return await answerMissing(parts, call, cacheMs);
  } catch (error) {
    if (!staleServes(error)) throw error;
    return respond(parts, call, found, "stale", ms);
  }
}

async function answerMissing(parts: ImageParts, call: VariantCall, cacheMs: number): Promise<Answer> {
  const { asked, variant, client, signal } = call;
  const { entry, ms } = await parts.negative.attempt(wantedBy(asked, variantName(variant)), async () => {
    parts.access.charge(asked, client);
    return parts.variants.make(variant, "live", signal);
  });
  return respond(parts, call, entry, "miss", { cache: cacheMs, ...ms });
}

function respond(
  { policy }: ImageParts,
  { variant, asked, ifNoneMatch }: VariantCall,
  entry: Entry,
  cache: CacheOutcome,
  ms: Note["ms"],
): Answer {
  const answer = entryAnswer(variant, entry, { cache, asked: asked.version, policy });
  return unlessMatched({ ...answer, note: { ...answer.note, ...(ms !== undefined && { ms }) } }, ifNoneMatch);
}

/**
 * What is known of the source, asked anew where the freshness rules say so.
 * @param held what the cached thing itself says.
 */
async function current(
  { checks, policy }: ImageParts,
  key: string,
  asked: ImageRequest,
  held: Known,
  signal: AbortSignal,
): Promise<Known> {
  const known = newer(checks.known(key), held);
  const freshness = { asked: asked.version, version: versionOf(known.validator) };
  const when = whenToCheck(freshness, (Date.now() - known.checked) / 1000, policy);
  if (when === "before") return checks.now(key, signal);
  if (when === "behind") checks.behind(key);
  return known;
}

/** A failure to make it again does not withhold what is here: only a photograph that is gone does. */
function staleServes(error: unknown): boolean {
  return error instanceof Problem && !isGone(error);
}

// --- fm=json ---

async function answerInfo(parts: ImageParts, call: VariantCall): Promise<Answer> {
  const { asked, ifNoneMatch } = call;
  const { record, cache } = await findInfo(parts, call);
  const info = toInfo(asked.key, record);
  const body = new TextEncoder().encode(`${JSON.stringify(info)}\n`);
  const freshness = { asked: asked.version, version: info.version };
  const answer: Answer = {
    status: 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      etag: etagOf(body),
      "cache-control": cacheControl(freshness, cache === "stale", parts.policy),
      "cache-status": cacheStatus(cache),
    },
    body,
    note: { cache },
  };
  return unlessMatched(answer, ifNoneMatch);
}

async function findInfo(
  parts: ImageParts,
  call: VariantCall,
): Promise<{ readonly record: SourceRecord; readonly cache: CacheOutcome }> {
  const { asked, signal } = call;
  const found = await parts.descriptions.find(asked.key);
  if (found === undefined) return { record: await describe(parts, call), cache: "miss" };
  try {
    const known = await current(parts, asked.key, asked, found, signal);
    if (known.validator === found.validator) return { record: found, cache: "hit" };
    return { record: await describe(parts, call), cache: "miss" };
  } catch (error) {
    if (!staleServes(error)) throw error;
    return { record: found, cache: "stale" };
  }
}

function describe(parts: ImageParts, { asked, client, signal }: VariantCall): Promise<SourceRecord> {
  return parts.negative.attempt(wantedBy(asked, "json"), async () => {
    parts.access.charge(asked, client);
    return parts.descriptions.make(asked.key, "live", signal);
  });
}
