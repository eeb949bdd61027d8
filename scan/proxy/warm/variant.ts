import type { browserAccept } from "../../../contract/accept.ts";
import type { VariantSpec } from "../../../contract/api.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../../../contract/request.ts";
import type { Refusal } from "../blame.ts";

/** What one request is answered with, for one class of readers; `any` where the URL names the format. */
export interface Variant {
  readonly request: ImageRequest;
  readonly accept: Reader;
  /** The canonical query of the request. */
  readonly query: string;
}

export type Reader = keyof typeof browserAccept | "any";

/** How a variant was found: in the cache, made for this scan, or not to be had. */
export type WarmResult =
  | {
      readonly status: "hit" | "made";
      /** Unknown for one that is there and was made before this machine kept account. */
      readonly bytes?: number;
      readonly type?: string;
    }
  | { readonly status: "failed"; readonly problem: Refusal };

export type ByReader = { readonly [reader in Reader]?: WarmResult };

/** What became of variants, by canonical query and then by who asks. */
export type WarmResults = ReadonlyMap<string, ByReader>;

/** By canonical query. */
export type Requests = ReadonlyMap<string, ImageRequest>;

/** Who gets something of their own; nobody of an original, which is streamed as stored and never in the proxy's cache. */
export function readersOf(request: ImageRequest): readonly Reader[] {
  if (isOriginal(request) || request.format === "json") return [];
  return request.format !== undefined ? oneForAll : byAccept;
}

const oneForAll = ["any"] as const;
const byAccept = ["avif", "webp", "none"] as const;

/** What readers of a page may ask the proxy for. */
export function variantsOf(request: ImageRequest, query: string = formatQuery(request)): Variant[] {
  return readersOf(request).map((accept) => ({ request, accept, query }));
}

/** Made one by one: a large site has a hundred thousand, and they need not all be in memory. */
export function* eachVariant(requests: Iterable<readonly [string, ImageRequest]>): Generator<Variant> {
  for (const [query, request] of requests) yield* variantsOf(request, query);
}

export function* eachResult(results: WarmResults): Generator<WarmResult> {
  for (const byReader of results.values()) yield* Object.values(byReader);
}

/** A photograph at one version, and what of it is asked for. */
export interface PhotoRequests {
  readonly img: string;
  readonly v?: string;
  readonly requests: readonly (readonly [string, ImageRequest])[];
}

/**
 * By photograph, in the order in which each is first asked for.
 * @param most requests of one photograph in one piece.
 */
export function byPhoto(requests: Requests, most: number): PhotoRequests[] {
  const open = new Map<string, (readonly [string, ImageRequest])[]>();
  const photos: PhotoRequests[] = [];
  for (const asked of requests) {
    const { key: img, version: v } = asked[1];
    const name = `${v ?? ""} ${img}`;
    const begun = open.get(name);
    if (begun !== undefined && begun.length < most) begun.push(asked);
    else {
      const one = [asked];
      open.set(name, one);
      photos.push(v === undefined ? { img, requests: one } : { img, v, requests: one });
    }
  }
  return photos;
}

/** As `/api` names it. */
export function specOf({ request, accept }: Variant): VariantSpec {
  const { quality: q, width: w, format: fm } = request;
  // A large site has a hundred thousand, so nothing is spread.
  const spec: { -readonly [name in keyof VariantSpec]: VariantSpec[name] } = {};
  if (q !== undefined) spec.q = q;
  if (w !== undefined) spec.w = w;
  if (fm !== undefined && fm !== "json") spec.fm = fm;
  if (accept !== "any") spec.accept = accept;
  return spec;
}

/** One text for one spec, however its properties are ordered. */
export function specName(spec: { readonly [name in keyof VariantSpec]?: unknown }): string {
  const { q, w, fm, accept } = spec;
  return [q, w, fm, accept].map((value) => String(value ?? "")).join(" ");
}
