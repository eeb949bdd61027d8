import type { browserAccept } from "../../../contract/accept.ts";
import type { VariantSpec } from "../../../contract/api.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../../../contract/url/request.ts";
import type { Refusal } from "../blame.ts";

/** The response to one request, for one class of readers; `any` if the URL names the format. */
export interface Variant {
  readonly request: ImageRequest;
  readonly accept: Reader;
  /** The request's canonical query. */
  readonly query: string;
}

export type Reader = keyof typeof browserAccept | "any";

/** The state of a variant: found in the cache, made for this scan, or failed. */
export type WarmResult =
  | {
      readonly status: "hit" | "made";
      /** Undefined for a variant that existed and was never weighed on this machine. */
      readonly bytes?: number;
      readonly type?: string;
      /** The version that it was made from, if the server says so. */
      readonly v?: string;
    }
  | { readonly status: "failed"; readonly problem: Refusal };

export type ByReader = { readonly [reader in Reader]?: WarmResult };

/** Results of variants, by canonical query and then by class of readers. */
export type WarmResults = ReadonlyMap<string, ByReader>;

/** By canonical query. */
export type Requests = ReadonlyMap<string, ImageRequest>;

/** Classes of readers with their own variant. An original has none: it is streamed as stored, and never cached. */
export function readersOf(request: ImageRequest): readonly Reader[] {
  if (isOriginal(request) || request.format === "json") return [];
  return request.format !== undefined ? oneForAll : byAccept;
}

const oneForAll = ["any"] as const;
const byAccept = ["avif", "webp", "none"] as const;

/** The requests that a page's readers can send to the proxy. */
export function variantsOf(request: ImageRequest, query: string = formatQuery(request)): Variant[] {
  return readersOf(request).map((accept) => ({ request, accept, query }));
}

/** Generated one by one: a large site has a hundred thousand, which need not be in memory together. */
export function* eachVariant(requests: Iterable<readonly [string, ImageRequest]>): Generator<Variant> {
  for (const [query, request] of requests) yield* variantsOf(request, query);
}

export function* eachResult(results: WarmResults): Generator<WarmResult> {
  for (const byReader of results.values()) yield* Object.values(byReader);
}

/** A photograph at one version, and its requests. */
export interface PhotoRequests {
  readonly img: string;
  readonly v?: string;
  readonly requests: readonly (readonly [string, ImageRequest])[];
}

/**
 * Groups requests by photograph, in the order of their first request.
 * @param most requests of one photograph in one group.
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

/** In the form of the API. */
export function specOf({ request, accept }: Variant): VariantSpec {
  const { quality: q, width: w, ratio: ar, focus: fp, format: fm } = request;
  // A large site has a hundred thousand, so this avoids object spread.
  const spec: { -readonly [name in keyof VariantSpec]: VariantSpec[name] } = {};
  if (q !== undefined) spec.q = q;
  if (w !== undefined) spec.w = w;
  if (ar !== undefined) spec.ar = ar;
  if (fp !== undefined) spec.fp = fp;
  if (fm !== undefined && fm !== "json") spec.fm = fm;
  if (accept !== "any") spec.accept = accept;
  return spec;
}

/** The same text for equal specifications, whatever the order of their properties. */
export function specName(spec: { readonly [name in keyof VariantSpec]?: unknown }): string {
  const { q, w, ar, fp, fm, accept } = spec;
  return [q, w, ar, fp, fm, accept].map((value) => String(value ?? "")).join(" ");
}
