import type { ImageRequest } from "../../contract/url/request.ts";
import { oneClient } from "../concurrency/clients.ts";
import { createLru } from "../concurrency/lru.ts";
import type { Semaphore } from "../concurrency/semaphore.ts";
import { Problem } from "../errors.ts";
import { SNIFF_BYTES } from "../formats/sniff.ts";
import { cacheControl, type FreshnessPolicy } from "../http/freshness.ts";
import { afterPreconditions, hasPreconditions } from "../http/preconditions.ts";
import type { ByteRange } from "../http/range.ts";
import { parseRange } from "../http/range.ts";
import type { Answer, RequestHeaders } from "../http/response.ts";
import { etagOf, imageHeaders } from "../http/response-headers.ts";
import { peek, thenDo, toStream } from "../source/body.ts";
import { type Source, type SourceStat, versionOf } from "../source/source.ts";
import { isStrong } from "../source/validator.ts";
import { typeOf } from "./fetch-original.ts";

/** Streams originals as they are stored: never whole in memory, never cached. */
export interface OriginalServer {
  /** @throws Problem as {@link Source} does, `unsupported-source`, `originals-off`, `precondition-failed` or `bad-range`. */
  answer(call: OriginalCall, asked: ImageRequest, signal: AbortSignal): Promise<Answer>;
}

/** The part of a request that decides which bytes of an original are sent. */
export interface OriginalCall {
  readonly method: string;
  readonly headers: RequestHeaders;
  client(): string;
}

export function createOriginalServer(parts: {
  readonly source: Source;
  readonly policy: FreshnessPolicy;
  /** Off: only SVG, which has no variants. A camera file contains the GPS position. */
  readonly originals: "on" | "off";
  /** Maximum parallel streams: slow readers must not use all connections to the source. */
  readonly places: Semaphore;
  /** Maximum parallel HEADs and range requests, for the same reason. */
  readonly questions: Semaphore;
}): OriginalServer {
  const { policy, originals } = parts;
  /** Types by key and validator, because two files can share a validator: many range requests read the first bytes only once. */
  const types = createLru<string>(10_000);
  const nameOf = (key: string, { validator }: SourceStat): string => JSON.stringify([key, validator]);

  function allowed(key: string, stat: SourceStat, type: string): string {
    types.set(nameOf(key, stat), type);
    if (originals === "off" && type !== "image/svg+xml") throw new Problem("originals-off");
    return type;
  }

  async function typeByHead(
    source: Source,
    key: string,
    stat: SourceStat,
    signal: AbortSignal,
  ): Promise<string> {
    const known = types.get(nameOf(key, stat));
    if (known !== undefined) return allowed(key, stat, known);
    if (stat.bytes === 0) return typeOf(new Uint8Array(0));
    const range = { first: 0, last: Math.min(SNIFF_BYTES, stat.bytes) - 1 };
    const { head, body } = await peek((await source.open(key, signal, range)).body, SNIFF_BYTES);
    body.cancel();
    return allowed(key, stat, typeOf(head));
  }

  async function whole(source: Source, asked: ImageRequest, signal: AbortSignal): Promise<Answer> {
    const object = await source.open(asked.key, signal);
    const { head, body } = await peek(object.body, SNIFF_BYTES);
    try {
      const headers = originalHeaders(asked, object, allowed(asked.key, object, typeOf(head)), policy);
      return { status: 200, headers, body: toStream(body) };
    } catch (error) {
      body.cancel();
      throw error;
    }
  }

  async function part(
    source: Source,
    asked: ImageRequest,
    stat: SourceStat,
    type: string,
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    const object = await source.open(asked.key, signal, range).catch(unlessShorter);
    if (object === undefined) return undefined;
    if (object.validator !== stat.validator) {
      object.body.cancel();
      return undefined;
    }
    const headers = {
      ...originalHeaders(asked, stat, type, policy),
      "content-range": `bytes ${range.first}-${range.last}/${stat.bytes}`,
      "content-length": String(range.last + 1 - range.first),
    };
    return { status: 206, headers, body: toStream(object.body) };
  }

  return {
    async answer(call, asked, signal) {
      const isPlain = call.headers.range === undefined && !hasPreconditions(call.headers);
      const cheap = call.method === "GET" && isPlain;
      const source = inPlaces(parts, call.client());
      if (cheap && originals === "on") return whole(source, asked, signal);
      const stat = await source.stat(asked.key, signal);
      const type = await typeByHead(source, asked.key, stat, signal);
      const headers = originalHeaders(asked, stat, type, policy);
      const unsent = afterPreconditions({ status: 200, headers, body: null }, call.headers);
      if (unsent.status === 304 || call.method === "HEAD") return unsent;
      const range = rangeOf(call, stat);
      const answer = range === "whole" ? undefined : await part(source, asked, stat, type, range, signal);
      return answer ?? whole(source, asked, signal);
    },
  };
}

// --- places ---

/** The slot is released when the body ends, for any reason. */
function inPlaces(
  {
    source,
    places,
    questions,
  }: { readonly source: Source; readonly places: Semaphore; readonly questions: Semaphore },
  client: string,
): Source {
  return {
    async stat(key, signal) {
      const leave = await questions.acquire({ clients: oneClient(client), signal });
      return source.stat(key, signal).finally(leave);
    },
    async open(key, signal, range) {
      const leave = await places.acquire({ clients: oneClient(client), signal });
      try {
        const object = await source.open(key, signal, range);
        return { ...object, body: thenDo(object.body, leave) };
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

/** The object was replaced by a shorter one, which does not have the range. */
function unlessShorter(error: unknown): undefined {
  if (!(error instanceof Problem && error.code === "bad-range")) throw error;
}

// --- headers ---

function originalHeaders(
  asked: ImageRequest,
  stat: SourceStat,
  type: string,
  policy: FreshnessPolicy,
): Record<string, string> {
  const version = versionOf(stat.validator);
  return {
    ...imageHeaders({
      key: asked.key,
      contentType: type,
      etag: etagOfOriginal(stat),
      cacheControl: cacheControl({ asked: asked.version, version }, false, policy),
      cache: "none",
      bytes: stat.bytes,
      negotiated: false,
    }),
    "accept-ranges": "bytes",
    ...(stat.modified !== undefined && { "last-modified": stat.modified.toUTCString() }),
  };
}

/**
 * An opaque ETag, because the validator itself could reveal details of the storage. With only a time as validator, parts of two
 * uploads cannot be distinguished: a weak ETag is valid for If-None-Match, and not for ranges (RFC 9110 §8.8.1).
 */
function etagOfOriginal({ validator }: SourceStat): string {
  return isStrong(validator) ? etagOf(validator) : `W/${etagOf(validator)}`;
}

function rangeOf({ headers }: OriginalCall, stat: SourceStat): ByteRange | "whole" {
  const ifRange = headers["if-range"];
  // RFC 9110 §13.1.5: the rest of another object is useless. A date or a weak ETag never matches strongly.
  if (ifRange !== undefined && (ifRange.trim() !== etagOf(stat.validator) || !isStrong(stat.validator)))
    return "whole";
  const range = parseRange(headers.range ?? null, stat.bytes);
  if (range !== "unsatisfiable") return range;
  throw new Problem("bad-range", {
    detail: `The original has ${stat.bytes} bytes.`,
    originalBytes: stat.bytes,
  });
}
