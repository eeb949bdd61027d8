import type { Entry, EntryMeta, Variant } from "../cache/cache.ts";
import { cacheControl, type FreshnessPolicy } from "../http/freshness.ts";
import type { Answer } from "../http/response.ts";
import { imageHeaders } from "../http/response-headers.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Known } from "./revalidate.ts";

/**
 * Builds the response for a variant in memory. The h3 routes and held.ts in front of them both call it, so their headers are
 * the same.
 */
export function entryAnswer(
  variant: Variant,
  entry: Entry,
  how: {
    readonly cache: CacheOutcome;
    /** `v` in the URL. */
    readonly asked: string | undefined;
    readonly policy: FreshnessPolicy;
  },
): Answer {
  const { contentType, etag, validator, substitute } = entry.meta;
  const { cache, asked, policy } = how;
  const stale = cache === "stale";
  const headers = imageHeaders({
    key: variant.key,
    contentType,
    etag,
    cache,
    cacheControl: cacheControl({ asked, version: versionOf(validator) }, stale || substitute, policy),
    bytes: entry.body.byteLength,
    negotiated: variant.class.startsWith("auto"),
  });
  const note = { cache, key: variant.key, variant: variantLabel(variant) };
  return { status: 200, headers, body: entry.body, note };
}

/** A variant as text for the log, such as `800 q55 auto-aw`, or `800 40:21 30,70 q55 auto-aw` for a crop. */
export function variantLabel({ width, ratio, focus, quality, class: of }: Variant): string {
  return [width ?? "full", ratio, focus, `q${quality}`, of].filter((part) => part !== undefined).join(" ");
}

/** What an entry says about its source: the validator when its original was fetched. */
export function knownFrom({ validator, made }: EntryMeta): Known {
  return { validator, checked: made };
}
