import { formatQuery } from "../../contract/url/request.ts";
import type { Post } from "../content/found.ts";
import { isThere } from "../proxy/answers.ts";
import { isTuned } from "../proxy/tuning/tune.ts";
import { eachResult, type WarmResults } from "../proxy/warm/variant.ts";
import type { ScanResult } from "../scan.ts";

/** Number of variants by result. */
export interface WarmCounts {
  readonly variants: number;
  readonly hits: number;
  readonly made: number;
  readonly failed: number;
}

/** The result of a scan in numbers. */
export interface Summary extends WarmCounts {
  readonly pages: number;
  readonly posts: number;
  readonly images: number;
  readonly photos: number;
  /** Photographs that the server looked through for missing pixels, or had before, and how long that took. */
  readonly looked: number;
  readonly lookedSeconds: number;
  /** Photographs that are tuned as `--tune` asks, or could not be: animations, drawings. */
  readonly tuned: number;
  /** Those that the budget left for the next scan, or that could not be measured. */
  readonly untuned: number;
  readonly tunedSeconds: number;
  /** `<img>` tags of raw HTML in the content, which the module does not change. */
  readonly rawImages: number;
  /** Bytes of the originals, each once. */
  readonly bytesBefore: number;
  /** Bytes of the same photographs as a current browser (AVIF) loads their middle tier. */
  readonly bytesAfter: number;
  /** Photographs that are not in these sums, because what a browser loads could not be made. */
  readonly unweighed: number;
}

export function summarize(result: ScanResult): Summary {
  const bytes = bytesOf(result.posts, result);
  return {
    pages: result.pages,
    posts: result.posts.length,
    images: result.posts.reduce((sum, post) => sum + post.uses.length, 0),
    photos: new Set(result.posts.flatMap((post) => post.uses.map((use) => use.key))).size,
    ...countTuned(result),
    looked: [...result.photos.values()].filter(isThere).length,
    lookedSeconds: Math.round(result.probeMs / 100) / 10,
    rawImages: result.rawImages,
    ...countResults(result.variants),
    bytesBefore: bytes.before,
    bytesAfter: bytes.after,
    unweighed: bytes.unknown,
  };
}

function countTuned({
  photos,
  tune,
  tuneMs,
}: Pick<ScanResult, "photos" | "tune" | "tuneMs">): Pick<Summary, "tuned" | "untuned" | "tunedSeconds"> {
  const there = tune === undefined ? [] : [...photos.values()].filter(isThere);
  const tuned = there.filter((info) => tune !== undefined && isTuned(info, tune)).length;
  return { tuned, untuned: there.length - tuned, tunedSeconds: Math.round(tuneMs / 100) / 10 };
}

export function countResults(results: WarmResults): WarmCounts {
  const counts = { hit: 0, made: 0, failed: 0 };
  for (const { status } of eachResult(results)) counts[status]++;
  const { hit, made, failed } = counts;
  return { variants: hit + made + failed, hits: hit, made, failed };
}

/** A post as a report names it: its file, or its album, of which there is no file. */
export function postName({ file, album }: Pick<Post, "file" | "album">): string {
  return album === undefined ? file : `album ${album}`;
}

/** Bytes of the photographs of some posts, each counted once: as stored, and as delivered. `unknown` are not in these sums. */
export function bytesOf(
  posts: readonly Post[],
  result: Pick<ScanResult, "photos" | "images" | "variants">,
): { readonly before: number; readonly after: number; readonly unknown: number } {
  const uses = new Map(posts.flatMap((post) => post.uses.map((use) => [use.key, use])));
  let before = 0;
  let after = 0;
  let unknown = 0;
  for (const use of uses.values()) {
    const info = result.photos.get(use.key);
    if (info === undefined || "problem" in info) continue;
    const { avif, any } =
      result.variants.get(formatQuery(use.candidates(result.images.get(use.key)).src)) ?? {};
    const variant = avif ?? any;
    // An original (SVG) is delivered as it is; a variant of unknown size is left out of both sums.
    const delivered = variant === undefined ? info.bytes : "bytes" in variant ? variant.bytes : undefined;
    if (delivered === undefined) {
      unknown++;
      continue;
    }
    before += info.bytes;
    after += delivered;
  }
  return { before, after, unknown };
}
