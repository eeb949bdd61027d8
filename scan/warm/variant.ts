import type { browserAccept } from "../../contract/accept.ts";
import type { VariantSpec } from "../../contract/api.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../../contract/request.ts";
import type { Refusal } from "../answers.ts";

/** What one request is answered with, for one class of readers; `any` where the URL names the format. */
export interface Variant {
  readonly request: ImageRequest;
  readonly accept: keyof typeof browserAccept | "any";
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
  if (asked.format !== undefined) return [{ request: asked, accept: "any" }];
  return (["avif", "webp", "none"] as const).map((accept) => ({ request: asked, accept }));
}

/** The canonical query, and who asks. */
export function variantName(variant: Variant): string {
  return `${formatQuery(variant.request)} ${variant.accept}`;
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
  return {
    ...(q !== undefined && { q }),
    ...(w !== undefined && { w }),
    ...(fm !== undefined && fm !== "json" && { fm }),
    ...(accept !== "any" && { accept }),
  };
}

/** One text for one spec, however its properties are ordered. */
export function specName(spec: { readonly [name in keyof VariantSpec]?: unknown }): string {
  const { q, w, fm, accept } = spec;
  return [q, w, fm, accept].map((value) => String(value ?? "")).join(" ");
}
