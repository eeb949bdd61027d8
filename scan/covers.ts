import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { ManifestImage } from "../contract/manifest.ts";
import { formatPublished, formatQuery, type ImageRequest, isOriginal } from "../contract/url/request.ts";
import type { Post } from "./content/found.ts";
import { formatBytes } from "./counted.ts";
import type { Finding } from "./findings.ts";
import { writeWhole } from "./manifest.ts";
import type { Answers } from "./proxy/answers.ts";
import { variantsOf } from "./proxy/warm/variant.ts";
import { readText } from "./read-text.ts";

/** A cover of front matter that no page of the built site shows, or that only some forms of it show. */
export interface UnprintedCover {
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `all`: nowhere; `cards`: only in link previews. */
  readonly missing: "all" | "cards";
}

/** What a check found about covers. */
export interface SeenCovers {
  readonly unprinted: readonly UnprintedCover[];
  /** Their requests that no page makes, as canonical queries without `v`. */
  readonly queries: ReadonlySet<string>;
}

/**
 * Compares the covers of the content with the requests of a built site.
 * @param emitted requests of the built site, without versions.
 */
export function seenCovers(
  posts: readonly Post[],
  images: ReadonlyMap<string, ManifestImage>,
  emitted: Iterable<ImageRequest>,
): SeenCovers {
  const printed = new Set(Array.from(emitted, formatPublished));
  const queries = new Set<string>();
  const unprinted: UnprintedCover[] = [];
  for (const { file, uses } of posts)
    for (const { key, line, column, isCover, candidates } of uses) {
      if (!isCover) continue;
      const asked = candidates(images.get(key)).all.map(formatPublished);
      const missing = asked.filter((query) => !printed.has(query));
      for (const query of missing) queries.add(query);
      if (missing.length > 0)
        unprinted.push({
          key,
          file,
          line,
          column,
          missing: missing.length === asked.length ? "all" : "cards",
        });
    }
  return { unprinted, queries };
}

/**
 * The part of a plan that need not be made: only covers request it, and the last check found that no page does.
 * @returns canonical queries.
 */
export function leftOut(
  posts: readonly Post[],
  images: ReadonlyMap<string, ManifestImage>,
  unprinted: ReadonlySet<string>,
): ReadonlySet<string> {
  const [covers, others] = [new Set<string>(), new Set<string>()];
  if (unprinted.size === 0) return covers;
  for (const { uses } of posts)
    for (const { key, isCover, candidates } of uses)
      for (const request of candidates(images.get(key)).all) {
        if (isOriginal(request)) continue;
        const isLeft = isCover && unprinted.has(formatPublished(request));
        (isLeft ? covers : others).add(formatQuery(request));
      }
  return new Set([...covers].filter((query) => !others.has(query)));
}

// --- link previews ---

/** WhatsApp leaves out what is larger; its older versions have the lowest limit known. */
const MOST_BYTES = 300_000;

/** Link previews that some messengers do not show, each photograph once. */
export function heavyPreviews(
  posts: readonly Post[],
  images: ReadonlyMap<string, ManifestImage>,
  variants: Answers["variants"],
): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { file, uses } of posts)
    for (const { key, line, column, candidates } of uses) {
      const { preview } = candidates(images.get(key));
      if (preview === undefined || findings.has(key)) continue;
      for (const { query, accept } of variantsOf(preview)) {
        const result = variants.get(query)?.[accept];
        const bytes = result !== undefined && "bytes" in result ? (result.bytes ?? 0) : 0;
        if (bytes > MOST_BYTES)
          findings.set(key, { severity: "warning", file, line, column, message: heavyWords(key, bytes) });
      }
    }
  return [...findings.values()];
}

function heavyWords(key: string, bytes: number): string {
  return `the link preview of ${key} is ${formatBytes(bytes)}; some messengers show none above ${formatBytes(MOST_BYTES)}: give it a quality, as in ${key}?q=50, or a smaller params.imgproxy.social.width`;
}

// --- between runs ---

/** A file that CI can keep between runs; without it everything is warmed. */
const UNPRINTED = "resources/imgproxy-lite/unprinted-covers.txt";

/** The requests that no page made at the last check; empty if there was none. */
export async function readUnprinted(site: string): Promise<ReadonlySet<string>> {
  const text = await readText(path.join(site, UNPRINTED)).catch(() => "");
  return new Set(text.split("\n").filter((line) => line !== ""));
}

export async function writeUnprinted(site: string, queries: ReadonlySet<string>): Promise<void> {
  const text = [...queries].sort().map((query) => `${query}\n`);
  const file = path.join(site, UNPRINTED);
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, text.join(""));
}
