import { createHash } from "node:crypto";
import { type ImageRequest, isOriginal, parseQuery } from "../contract/request.ts";
import type { Access } from "./access.ts";
import type { Answer } from "./answer.ts";
import type { Entry, SourceRecord, Variant } from "./cache/cache.ts";
import { type Checks, type Known, newer } from "./checks.ts";
import { entryAnswer, knownFrom } from "./entry-answer.ts";
import { Problem, problems } from "./errors.ts";
import { cacheControl, type FreshnessPolicy, whenToCheck } from "./freshness.ts";
import { unlessMatched } from "./headers.ts";
import { type Descriptions, toInfo } from "./info.ts";
import type { CacheOutcome } from "./metrics.ts";
import type { Negative } from "./negative.ts";
import { negotiate } from "./negotiate.ts";
import { versionOf } from "./source/source.ts";
import type { Streams } from "./stream.ts";
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
  /** The cache was just asked for it, and has nothing. */
  readonly unfound?: Pick<Unfound, "ms"> | undefined;
}

/** That the cache was asked for a request's variant in vain: the app need not ask again. */
export interface Unfound {
  /** When the request began, by `performance.now()`. */
  readonly started: number;
  /** What it took. */
  readonly ms: number;
}

/**
 * Answers one image URL. Refusals that cost nothing come first, then memory and disk, then the source.
 * @throws InvalidRequest, Problem; app.ts answers them.
 */
export function createImages(parts: ImageParts): (call: ImageCall) => Promise<Answer> {
  const { access, negative, streams } = parts;
  return async (call) => {
    const asked = parseQuery(call.query);
    access.check(asked);
    negative.check(asked.key, asked.version);
    try {
      if (isOriginal(asked)) return noted(asked, await streams.answer(call.request, asked, call.signal));
      if (asked.format === "json") return noted(asked, await answerInfo(parts, call, asked));
      const variant = variantOf(asked, call.request.headers.get("accept"), parts.defaultQuality);
      return noted(asked, await answerVariant(parts, call, variant, asked));
    } catch (error) {
      negative.learn(asked.key, error, asked.version);
      throw error;
    }
  };
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

async function answerVariant(
  parts: ImageParts,
  call: ImageCall,
  variant: Variant,
  asked: ImageRequest,
): Promise<Answer> {
  const { variants, policy } = parts;
  const started = performance.now();
  const found = call.unfound === undefined ? await variants.find(variant) : undefined;
  const cacheMs = call.unfound?.ms ?? performance.now() - started;
  const ifNoneMatch = call.request.headers.get("if-none-match");
  const respond = (entry: Entry, cache: CacheOutcome, ms: object = {}): Answer => {
    const answer = entryAnswer(variant, entry, { cache, asked: asked.version, policy });
    return unlessMatched({ ...answer, note: { ...answer.note, ms: { cache: cacheMs, ...ms } } }, ifNoneMatch);
  };

  if (found === undefined) {
    const made = await make(parts, call, variant, asked);
    return respond(made.entry, "miss", made.ms);
  }
  try {
    const known = await current(parts, variant.key, asked, knownFrom(found.meta), call.signal);
    if (known.validator === found.meta.validator) return respond(found, "hit");
    // What memory holds is outdated; a publish or another replica may have made the new one already.
    const stored = await variants.findStored(variant, known.validator);
    if (stored !== undefined) return respond(stored, "hit");
    const made = await make(parts, call, variant, asked);
    return respond(made.entry, "miss", made.ms);
  } catch (error) {
    if (!staleServes(error)) throw error;
    return respond(found, "stale");
  }
}

function make(parts: ImageParts, call: ImageCall, variant: Variant, asked: ImageRequest) {
  parts.access.charge(asked, call.client);
  return parts.variants.make(variant, "live", call.signal);
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

/** Trouble in making it anew is no reason to withhold what is here; a photograph that is gone is. */
function staleServes(error: unknown): boolean {
  return error instanceof Problem && (problems[error.code].status >= 500 || error.code === "over-budget");
}

// --- fm=json ---

async function answerInfo(parts: ImageParts, call: ImageCall, asked: ImageRequest): Promise<Answer> {
  const { descriptions, policy } = parts;
  const found = await descriptions.find(asked.key);
  const known = found && (await current(parts, asked.key, asked, found, call.signal));
  const fresh = found !== undefined && known?.validator === found.validator;
  const record: SourceRecord = fresh ? found : await describe(parts, call, asked);
  const info = toInfo(asked.key, record);
  const body = new TextEncoder().encode(`${JSON.stringify(info)}\n`);
  const answer: Answer = {
    status: 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      etag: `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`,
      "cache-control": cacheControl({ asked: asked.version, version: info.version }, false, policy),
      "cache-status": `imgproxy-lite; ${fresh ? "hit" : "fwd=miss"}`,
    },
    body,
    note: { cache: fresh ? "hit" : "miss" },
  };
  return unlessMatched(answer, call.request.headers.get("if-none-match"));
}

function describe(parts: ImageParts, call: ImageCall, asked: ImageRequest): Promise<SourceRecord> {
  parts.access.charge(asked, call.client);
  return parts.descriptions.make(asked.key, "live", call.signal);
}

function noted(asked: ImageRequest, answer: Answer): Answer {
  return { ...answer, note: { ...answer.note, key: asked.key } };
}
