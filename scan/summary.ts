import { formatQuery } from "../contract/request.ts";
import type { Post, ScanResult } from "./scan.ts";

/** What a scan came to, in numbers. */
export interface Summary {
  readonly pages: number;
  readonly posts: number;
  readonly images: number;
  readonly photos: number;
  readonly variants: number;
  readonly hits: number;
  readonly made: number;
  readonly failed: number;
  /** Of the originals, each once. */
  readonly bytesBefore: number;
  /** Of the same photographs as a current browser (AVIF) gets their middle tier. */
  readonly bytesAfter: number;
}

export function summarize(result: ScanResult): Summary {
  const results = [...result.variants.values()];
  const count = (status: string) => results.filter((one) => one.status === status).length;
  const bytes = bytesOf(result.posts, result);
  return {
    pages: result.pages,
    posts: result.posts.length,
    images: result.posts.reduce((sum, post) => sum + post.uses.length, 0),
    photos: new Set(result.posts.flatMap((post) => post.uses.map((use) => use.key))).size,
    variants: results.length,
    hits: count("hit"),
    made: count("made"),
    failed: count("failed"),
    bytesBefore: bytes.before,
    bytesAfter: bytes.after,
  };
}

/** What the photographs of some posts weigh, each counted once: as stored, and as delivered. */
export function bytesOf(
  posts: readonly Post[],
  result: Pick<ScanResult, "photos" | "images" | "variants">,
): { readonly before: number; readonly after: number } {
  const uses = new Map(posts.flatMap((post) => post.uses.map((use) => [use.key, use])));
  let before = 0;
  let after = 0;
  for (const use of uses.values()) {
    const info = result.photos.get(use.key);
    if (info === undefined || "problem" in info) continue;
    const query = formatQuery(use.candidates(result.images.get(use.key)).src);
    const variant = result.variants.get(`${query} avif`) ?? result.variants.get(`${query} any`);
    before += info.bytes;
    after += variant !== undefined && variant.status !== "failed" ? (variant.bytes ?? 0) : info.bytes;
  }
  return { before, after };
}
