import * as v from "valibot";
import { folderName, parse, readers, sourceKey, variantSpec } from "./api.ts";
import { object } from "./schema.ts";

/*
 * The calls of the Studio's page; api.ts has the table of all calls.
 */

const previewBody = object({ img: sourceKey, variant: variantSpec });
/** One variant of a photograph. `fm: "png"` with `q: 100` is the picture without loss. */
export type PreviewBody = v.InferOutput<typeof previewBody>;

/** @throws InvalidBody */
export function parsePreviewBody(body: unknown): PreviewBody {
  return parse(previewBody, body);
}

/** Response header of a preview: `v` of the original that it was made from. */
export const SOURCE_VERSION = "source-version";

export interface ScoreAnswer {
  /** SSIMULACRA 2.1 beside the same pixels without loss: 100 if none differs; it can be negative. */
  readonly score: number;
}

const describeBody = object({ img: sourceKey });
export type DescribeBody = v.InferOutput<typeof describeBody>;

/** @throws InvalidBody */
export function parseDescribeBody(body: unknown): DescribeBody {
  return parse(describeBody, body);
}

/** Times are RFC 3339, in UTC. */
export interface StatusAnswer {
  /** Images by their result, oldest minute first; minutes without a request are left out. */
  readonly minutes: readonly {
    readonly at: string;
    readonly hit: number;
    readonly miss: number;
    readonly stale: number;
    /** Requests that were refused or failed. */
    readonly failed: number;
  }[];
  readonly queue: Readonly<Record<"live" | "warm", { readonly running: number; readonly waiting: number }>>;
  readonly cache: {
    /** As the last sweep has counted them; absent before the first one. */
    readonly bytes?: number;
    readonly files?: number;
    readonly maxBytes: number;
  };
  /** Images that took longest to make, slowest first. */
  readonly slowest: readonly {
    readonly key: string;
    readonly variant: string;
    readonly ms: number;
    readonly at: string;
  }[];
  /** Failures by code and photograph, newest first, with the sentences that their clients got. */
  readonly errors: readonly {
    readonly at: string;
    readonly code: string;
    readonly status: number;
    readonly key?: string;
    readonly count: number;
    readonly title: string;
    readonly remedy: string;
  }[];
  /** Published sets on the cache volume, newest first, with their number of photographs. `until`: when a preview expires. */
  readonly sets: readonly {
    readonly at: string;
    readonly site: string;
    readonly name: string;
    readonly images: number;
    readonly until?: string;
  }[];
  /** Photographs that publishes have warmed, newest first. */
  readonly warmed: readonly { readonly at: string; readonly key: string }[];
}

export interface CachedAnswer {
  /** Without `width`: the photograph's own. `class`: a format, or `auto-` and the formats of its readers. */
  readonly variants: readonly {
    readonly width?: number;
    readonly quality: number;
    readonly class: string;
    /** Whether a published set uses it. */
    readonly isPublished: boolean;
  }[];
}

const usedBody = object({ folder: folderName });
export type UsedBody = v.InferOutput<typeof usedBody>;

/** @throws InvalidBody */
export function parseUsedBody(body: unknown): UsedBody {
  return parse(usedBody, body);
}

export interface UsedAnswer {
  /** Number of sets that were read: the newest of each site, and its previews. With 0 nothing is known. */
  readonly sets: number;
  /** Keys in the folder, and folders directly below with their slash; in no order, and some may be repeated. */
  readonly names: readonly string[];
}

const weightsBody = object({ accept: v.picklist(readers, `takes ${readers.join(", ")}`) });
export type WeightsBody = v.InferOutput<typeof weightsBody>;

/** @throws InvalidBody */
export function parseWeightsBody(body: unknown): WeightsBody {
  return parse(weightsBody, body);
}

/** The newest published set of each site, without previews. */
export interface WeightsAnswer {
  readonly sites: readonly SiteWeight[];
}

export interface SiteWeight {
  readonly site: string;
  /** Number of photographs in the set. */
  readonly images: number;
  /** Number of those of which every published variant is in the cache; the cache is asked for {@link mostMeasured} at most. */
  readonly measured: number;
  /** The variants of the measured photographs. Without `width`: the photograph's own. */
  readonly rungs: readonly {
    readonly width?: number;
    readonly quality: number;
    readonly variants: number;
    readonly bytes: number;
  }[];
  /** Some of the measured photographs, on which a change can be tried. */
  readonly sample: readonly string[];
}

export const mostMeasured = 1_000;
