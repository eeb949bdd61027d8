import { type ImageRequest, parseQuery } from "../../contract/url/request.ts";
import { type Finding, formatFinding } from "../findings.ts";
import { blameOf, type Refusal } from "./blame.ts";
import type { Listings } from "./list.ts";
import type { Probed } from "./probe.ts";
import { eachResult, type Variant, variantsOf, type WarmResults } from "./warm/variant.ts";

/** The proxy's answers. */
export interface Answers {
  readonly photos: ReadonlyMap<string, Probed>;
  readonly variants: WarmResults;
  /** The folders of galleries, by the names that folderName gives them. */
  readonly listings?: Listings;
}

/** A place that shows a photograph. */
export interface Place {
  readonly file: string;
  readonly key: string;
  /** The possible keys, in order. */
  readonly keys?: readonly string[];
  readonly line: number;
  readonly column: number;
}

/**
 * An error at each place that shows a photograph which is at fault, or which has a variant that cannot be made.
 * @param mayBeDamaged whether a part of a photograph may be missing.
 */
export function refusals(
  places: Iterable<Place>,
  requests: Iterable<ImageRequest>,
  { photos, variants }: Answers,
  mayBeDamaged: (key: string) => boolean,
): Finding[] {
  const words = new Map<string, string>();
  for (const { variant, detail } of failedVariants(requests, variants))
    words.set(variant.request.key, variantWords(variant, detail));
  for (const [key, info] of photos)
    if (isThere(info)) {
      const { damaged } = info;
      if (damaged !== undefined && !mayBeDamaged(key)) words.set(key, damagedWords(key, damaged));
    } else if (blameOf(info.problem.code) === "photograph") words.set(key, `${key}: ${info.problem.detail}`);
  if (words.size === 0) return [];
  const findings = new Map<string, Finding>();
  for (const { file, key, keys = [], line, column } of places) {
    // If the first key is missing, and the next exists but is withheld, the hook knows neither.
    const message = words.get(photos.has(key) ? key : (keys.find((other) => photos.has(other)) ?? key));
    if (message === undefined) continue;
    const tried = isAbsent(photos.get(key)) ? keys.filter((other) => other !== key) : [];
    const also = tried.length === 0 ? "" : ` Neither is ${tried.join(", nor ")}.`;
    const finding: Finding = { severity: "error", file, line, column, message: message + also };
    findings.set(formatFinding(finding), finding);
  }
  return [...findings.values()];
}

/**
 * Why some folders, photographs or variants are not settled, and which; undefined if all are. The scan is then incomplete, and no post
 * is at fault.
 */
export function unsettledWords({ photos, variants, listings = new Map() }: Answers): string | undefined {
  const keys = new Map<string, Set<string>>();
  const add = (key: string, { code, detail }: Refusal): void => {
    if (blameOf(code) !== "photograph") keys.set(detail, (keys.get(detail) ?? new Set()).add(key));
  };
  for (const [folder, listing] of listings)
    if ("problem" in listing) add(folder || "the source", listing.problem);
  for (const [key, info] of photos) if (!isThere(info)) add(key, info.problem);
  for (const [query, byReader] of variants)
    for (const result of Object.values(byReader))
      if (result.status === "failed") add(parseQuery(query).key, result.problem);
  if (keys.size === 0) return undefined;
  return [...keys].map(([detail, of]) => `${detail}: ${someOf([...of])}`).join("\n");
}

// --- photographs ---

export function isThere(info: Probed | undefined): info is Exclude<Probed, { readonly problem: unknown }> {
  return info !== undefined && !("problem" in info);
}

export function isAbsent(info: Probed | undefined): boolean {
  return info !== undefined && "problem" in info && info.problem.code === "source-absent";
}

// --- words ---

function* failedVariants(
  requests: Iterable<ImageRequest>,
  variants: Answers["variants"],
): Generator<{ readonly variant: Variant; readonly detail: string }> {
  if (![...eachResult(variants)].some(({ status }) => status === "failed")) return;
  for (const request of requests)
    for (const variant of variantsOf(request)) {
      const result = variants.get(variant.query)?.[variant.accept];
      if (result?.status === "failed" && blameOf(result.problem.code) === "photograph")
        yield { variant, detail: result.problem.detail };
    }
}

/** `a.jpg, b.jpg, c.jpg and 9 more` */
function someOf(keys: readonly string[]): string {
  const more = keys.length - 3;
  return `${keys.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function variantWords({ request, accept }: Variant, detail: string): string {
  const { key, width, ratio, quality, format } = request;
  const size = [width && `${width} px`, ratio, quality && `q ${quality}`].filter(Boolean).join(", ");
  const kind = format ?? { avif: "AVIF", webp: "WebP", none: "JPEG", any: "" }[accept];
  return `${key} cannot be made as ${kind} (${size}): ${detail}`;
}

/** @param percent of the picture that exists; 0 if it is not known where something is missing. */
function damagedWords(key: string, percent: number): string {
  const where = percent > 0 ? `its picture ends at ${percent} %` : "a part of its picture is missing";
  return `${key} is damaged: ${where}. Upload it again, or accept it with --allow-damaged "${key}".`;
}
