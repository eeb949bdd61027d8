import { createHash } from "node:crypto";
import pMap from "p-map";
import { browserAccept } from "../../contract/accept.ts";
import {
  mostMeasured,
  type SiteWeight,
  type WeightsAnswer,
  type WeightsBody,
} from "../../contract/studio.ts";
import { isOriginal, parseQuery } from "../../contract/url/request.ts";
import { type Variant, type VariantCache, variantOf } from "../cache/cache.ts";
import { negotiate } from "../image/negotiate.ts";
import type { Published, SiteNow } from "../published/published.ts";

interface WeightsParts {
  readonly cache: Pick<VariantCache, "bytesOf">;
  readonly published: Pick<Published, "sitesNow">;
  readonly defaultQuality: number;
}

type Accept = WeightsBody["accept"];

/**
 * What the photographs of each site weigh for one class of readers, as far as their variants are in the cache. Nothing is made.
 * @throws Problem if a set cannot be read; the signal's reason.
 */
export async function weightsOf(
  parts: WeightsParts,
  accept: Accept,
  signal: AbortSignal,
): Promise<WeightsAnswer> {
  const sites: SiteWeight[] = [];
  for (const site of await parts.published.sitesNow())
    sites.push(await weightOf(parts, site, accept, signal));
  return { sites };
}

/** As many as the cache volume reads in parallel: a reader's own read waits for one at most. */
const AT_ONCE = 2;

/** Enough to see how a change of quality changes bytes; each costs two encodes. */
const SAMPLE = 4;

async function weightOf(
  { cache, defaultQuality }: WeightsParts,
  { site, images, read }: SiteNow,
  accept: Accept,
  signal: AbortSignal,
): Promise<SiteWeight> {
  const rungs = new Map<string, { width?: number; quality: number; variants: number; bytes: number }>();
  const sample: string[] = [];
  let measured = 0;
  const measure = async ([key, queries]: readonly [string, unknown]): Promise<void> => {
    signal.throwIfAborted();
    const variants = variantsIn(queries, accept, defaultQuality);
    const sizes: (readonly [Variant, number])[] = [];
    for (const variant of variants) {
      const bytes = await cache.bytesOf(variant);
      if (bytes === undefined) return;
      sizes.push([variant, bytes]);
    }
    if (sizes.length === 0) return;
    measured += 1;
    if (sample.length < SAMPLE) sample.push(key);
    for (const [{ width, quality }, bytes] of sizes) {
      const name = `${width} ${quality}`;
      const rung = rungs.get(name) ?? {
        ...(width !== undefined && { width }),
        quality,
        variants: 0,
        bytes: 0,
      };
      rungs.set(name, { ...rung, variants: rung.variants + 1, bytes: rung.bytes + bytes });
    }
  };
  await pMap(some(await read(), images), measure, { concurrency: AT_ONCE });
  return { site, images, measured, rungs: [...rungs.values()], sample };
}

/** The photographs that are looked up: in a large set, some from everywhere, and the same ones each time. */
async function* some<Member extends readonly [string, unknown]>(
  members: AsyncIterable<Member>,
  images: number,
): AsyncGenerator<Member> {
  const every = Math.ceil(images / mostMeasured);
  let count = 0;
  for await (const member of members) {
    if (every > 1 && createHash("sha256").update(member[0]).digest().readUInt32BE() % every !== 0) continue;
    if (++count > mostMeasured) return;
    yield member;
  }
}

/** An entry of another release can have queries that this one does not know. */
function variantsIn(queries: unknown, accept: Accept, defaultQuality: number): readonly Variant[] {
  if (!Array.isArray(queries)) return [];
  return queries.flatMap((query) => {
    const asked = requestIn(query);
    if (asked === undefined || isOriginal(asked) || asked.format === "json") return [];
    return [variantOf(asked, negotiate(browserAccept[accept], asked.format), defaultQuality)];
  });
}

function requestIn(query: unknown): ReturnType<typeof parseQuery> | undefined {
  try {
    return typeof query === "string" ? parseQuery(query) : undefined;
  } catch {
    return undefined;
  }
}
