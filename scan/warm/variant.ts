import type { browserAccept } from "../../contract/accept.ts";
import type { VariantSpec } from "../../contract/api.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../../contract/request.ts";
import type { Refusal } from "../answers.ts";

/** What one request is answered with, for one class of readers; `any` where the URL names the format. */
export interface Variant {
  readonly request: ImageRequest;
  readonly accept: keyof typeof browserAccept | "any";
  /** The canonical query, and who asks. */
  readonly name: string;
}

/** How a variant was found: in the cache, made for this scan, or not to be had. */
export type WarmResult =
  | {
      readonly status: "hit" | "made";
      /** Unknown for one that is there and was made before this machine kept account. */
      readonly bytes?: number;
      readonly type?: string;
    }
  | { readonly status: "failed"; readonly problem: Refusal };

/** What readers of a page may ask the proxy for; originals are streamed as stored and never in its cache. */
export function variantsOf(asked: ImageRequest): Variant[] {
  if (isOriginal(asked) || asked.format === "json") return [];
  const query = formatQuery(asked);
  const classes = asked.format !== undefined ? (["any"] as const) : (["avif", "webp", "none"] as const);
  return classes.map((accept) => ({ request: asked, accept, name: `${query} ${accept}` }));
}

/** A photograph at one version, and what of it is asked for. */
export interface PhotoVariants {
  readonly img: string;
  readonly v?: string;
  readonly variants: readonly Variant[];
}

/** By photograph, in the order in which each is first asked for. */
export function byPhoto(variants: Iterable<Variant>): PhotoVariants[] {
  const photos = new Map<
    string,
    { readonly img: string; readonly v?: string; readonly variants: Variant[] }
  >();
  for (const variant of variants) {
    const { key: img, version: v } = variant.request;
    const name = `${v ?? ""} ${img}`;
    const photo = photos.get(name) ?? { img, ...(v !== undefined && { v }), variants: [] };
    photo.variants.push(variant);
    photos.set(name, photo);
  }
  return [...photos.values()];
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
