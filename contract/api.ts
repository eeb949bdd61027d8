import type { browserAccept } from "./accept.ts";
import { askedFormats, type Format } from "./formats.ts";
import type { ImageInfo } from "./info.ts";
import { keyProblem } from "./key.ts";
import { type ImageRequest, InvalidRequest, MAX_QUALITY, MAX_WIDTH, parseQuery } from "./request.ts";

/**
 * `/api`, what a publish tells the server and asks of it. Every call carries `Authorization: Bearer <TOKEN>`; without a
 * token configured none of it exists.
 *
 * | call | body | answer |
 * | --- | --- | --- |
 * | `POST /api/probe` | {@link ProbeBody} | {@link ProbeAnswer} |
 * | `POST /api/missing` | {@link MissingBody} | {@link MissingAnswer}: what is not in the cache, at that version |
 * | `POST /api/warm` | {@link WarmBody} | one {@link WarmLine} a variant as it is made, as `application/x-ndjson` |
 * | `PUT /api/published/<site>/<name>` | {@link PublishedBody} | 204; `cache-max-bytes` is what the cache may hold |
 * | `GET /api/published/<site>/<name>` | | {@link PublishedBody} |
 * | `GET /api/published/<site>` | | `{"sets": [name, …]}`, newest first |
 * | `DELETE /api/published/<site>/<name>` | | 204, also when there was none |
 * | `DELETE /api/purge?img=<source key>` | | `{"purged": <number of variants>}` |
 */
export const apiPaths = {
  probe: "api/probe",
  missing: "api/missing",
  warm: "api/warm",
  published: "api/published",
  purge: "api/purge",
} as const;

/** What one call may ask for at most; more is 400. */
export const apiLimits = { images: 500, variants: 200, publishedImages: 100_000 } as const;

/** What an image URL asks for, beside its key; `accept` is the reader's class where `fm` is absent. */
export interface VariantSpec {
  readonly q?: number;
  readonly w?: number;
  readonly fm?: Format;
  readonly accept?: keyof typeof browserAccept;
}

export interface ProbeBody {
  readonly images: readonly string[];
  /** Whether the keys beside one that is not there are wanted, for what its author may have meant. */
  readonly neighbours?: boolean;
}

/** Why one of many images or variants failed: a code of the server's and words for the author. */
export interface ApiProblem {
  readonly code: string;
  readonly detail: string;
  /** What the photographs' storage said, where it is at fault: `403 InvalidObjectState`. */
  readonly storage?: string;
}

export interface ProbeProblem {
  readonly problem: ApiProblem;
  /** Keys beside the one that is not there, as far as the source lists them: no more than a thousand. */
  readonly neighbours?: readonly string[];
}

export interface ProbeAnswer {
  readonly images: Readonly<Record<string, ImageInfo | ProbeProblem>>;
}

export interface WarmBody {
  readonly img: string;
  /** The version the page is built with: another one in the bucket is fetched anew. */
  readonly v?: string;
  readonly variants: readonly VariantSpec[];
  /** How hard the encoder tries, 0 (fast) to 9 (small); absent: what the server warms with. */
  readonly effort?: number;
}

export interface WarmLine {
  readonly variant: VariantSpec;
  readonly status: "hit" | "made" | "failed";
  /** Of the variant's body. */
  readonly bytes?: number;
  readonly type?: string;
  /** Milliseconds that this variant took, 0 for a hit. */
  readonly ms: number;
  readonly problem?: ApiProblem;
}

export interface MissingBody {
  readonly images: readonly Omit<WarmBody, "effort">[];
  /** What was made with less effort than this counts as missing. */
  readonly effort?: number;
}

/** The same shape as was asked, without what the cache has; an image with nothing missing is absent. */
export type MissingAnswer = Omit<MissingBody, "effort">;

/** What a site's pages ask for: the canonical queries (without `v` and `s`) of each source key. */
export interface PublishedBody {
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** Seconds from now after which the set is forgotten: for previews. */
  readonly expires?: number;
}

/** A body that is not what the call takes; the message says where in it and what would be. */
export class InvalidBody extends Error {}

/** @throws InvalidBody */
export function parseProbeBody(body: unknown): ProbeBody {
  const { images, neighbours } = object(body, "the body");
  return {
    images: list(images, "images", apiLimits.images, key),
    ...(neighbours === true && { neighbours }),
  };
}

/** @throws InvalidBody */
export function parseWarmBody(body: unknown): WarmBody {
  return { ...imageVariants(body, "the body"), ...effortOf(body) };
}

/** @throws InvalidBody */
export function parseMissingBody(body: unknown): MissingBody {
  const { images } = object(body, "the body");
  return { images: list(images, "images", apiLimits.images, imageVariants), ...effortOf(body) };
}

/**
 * What is asked of some of the keys.
 * @param images of a {@link PublishedBody}, or a part of it.
 * @throws InvalidBody
 */
export function parsePublishedImages(images: unknown): [key: string, asked: ImageRequest[]][] {
  return Object.entries(object(images, "images")).map(([name, queries]) => [
    key(name, "a key of images"),
    list(queries, `images["${name}"]`, apiLimits.variants, (query, at) => queryOf(name, query, at)),
  ]);
}

/** `expires` of a {@link PublishedBody}, in seconds. @throws InvalidBody */
export function parsePublishedExpiry(expires: unknown): number {
  return integer(expires, "expires", 1, 31_536_000);
}

// --- parts ---

function effortOf(body: unknown): { readonly effort?: number } {
  const { effort } = object(body, "the body");
  return effort === undefined ? {} : { effort: integer(effort, "effort", 0, 9) };
}

function imageVariants(value: unknown, at: string): Omit<WarmBody, "effort"> {
  const { img, v, variants } = object(value, at);
  return {
    img: key(img, "img"),
    ...(v !== undefined && { v: version(v) }),
    variants: list(variants, "variants", apiLimits.variants, variant),
  };
}

function variant(value: unknown, at: string): VariantSpec {
  const { q, w, fm, accept } = object(value, at);
  return {
    ...(q !== undefined && { q: integer(q, `${at}.q`, 1, MAX_QUALITY) }),
    ...(w !== undefined && { w: integer(w, `${at}.w`, 1, MAX_WIDTH) }),
    ...(fm !== undefined && { fm: oneOf(fm, `${at}.fm`, askedFormats) }),
    ...(accept !== undefined && { accept: oneOf(accept, `${at}.accept`, ["avif", "webp", "none"] as const) }),
  };
}

function queryOf(key: string, value: unknown, at: string): ImageRequest {
  const query = text(value, at);
  try {
    const asked = parseQuery(query);
    if (asked.key === key) return asked;
  } catch (error) {
    if (error instanceof InvalidRequest) throw new InvalidBody(`${at}: ${error.message}`);
    throw error;
  }
  throw new InvalidBody(`${at} is a query of another key`);
}

function key(value: unknown, at: string): string {
  const problem = keyProblem(text(value, at));
  if (problem !== undefined) throw new InvalidBody(`${at} ${problem}`);
  return text(value, at);
}

function version(value: unknown): string {
  if (/^[0-9a-f]{10}$/.test(text(value, "v"))) return text(value, "v");
  throw new InvalidBody("v takes the 10 hex digits of a source version");
}

// --- JSON ---

function object(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidBody(`${at} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function list<T>(value: unknown, at: string, most: number, item: (value: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new InvalidBody(`${at} is not a list`);
  if (value.length > most) throw new InvalidBody(`${at} has more than ${most} items`);
  return value.map((one: unknown, index) => item(one, `${at}[${index}]`));
}

function text(value: unknown, at: string): string {
  if (typeof value === "string") return value;
  throw new InvalidBody(`${at} is not text`);
}

function integer(value: unknown, at: string, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidBody(`${at} takes a whole number from ${least} to ${most}`);
}

function oneOf<T extends string>(value: unknown, at: string, all: readonly T[]): T {
  const one = all.find((known) => known === value);
  if (one === undefined) throw new InvalidBody(`${at} takes ${all.join(", ")}`);
  return one;
}
