import type { VariantSpec, WarmBody, WarmLine } from "../../contract/api.ts";
import type { Entry, Variant } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import type { ImageInfos } from "../image/image-info.ts";
import type { Revalidation } from "../image/revalidate.ts";
import type { Variants } from "../image/variants/variants.ts";
import { versionOf } from "../source/source.ts";
import { apiProblem } from "./failure.ts";
import { isWarm } from "./is-warm.ts";
import { variantOfSpec } from "./specs.ts";

export interface PublishParts {
  readonly variants: Variants;
  readonly infos: ImageInfos;
  readonly revalidation: Revalidation;
  readonly defaultQuality: number;
}

interface Wanted {
  readonly spec: VariantSpec;
  readonly variant: Variant;
}

/**
 * Warms one photograph. Variants of its current version that exist are hits; the rest is one fetch and one job of the encoder,
 * with one line for each variant when it is made. A variant that cannot be made fails alone. Any other failure fails the
 * remaining variants, and none that was made.
 */
export async function* warmLines(
  parts: PublishParts,
  body: WarmBody,
  signal: AbortSignal,
): AsyncGenerator<WarmLine> {
  const wanted = body.variants.map((spec) => ({
    spec,
    variant: variantOfSpec(body.img, spec, parts.defaultQuality),
  }));
  const left: Wanted[] = [];
  try {
    const version = body.v ?? versionOf((await parts.revalidation.force(body.img, signal)).validator);
    const record = await parts.infos.find(body.img);
    for (const one of wanted) {
      const asked = { q: one.variant.quality, version, effort: body.effort };
      const entry = await parts.variants.findSuiting(
        one.variant,
        (meta) => parts.variants.isCurrent(meta) && isWarm(meta, record, asked),
      );
      if (entry !== undefined) yield line(one.spec, "hit", entry, 0);
      else left.push(one);
    }
  } catch (error) {
    yield* failures(wanted, error, signal);
    return;
  }
  yield* madeLines(parts, left, { signal, ...(body.effort !== undefined && { effort: body.effort }) });
}

// --- lines ---

async function* madeLines(
  { variants }: PublishParts,
  left: Wanted[],
  options: { readonly signal: AbortSignal; readonly effort?: number },
): AsyncGenerator<WarmLine> {
  let started = performance.now();
  try {
    for await (const made of variants.makeAll(
      left.map(({ variant }) => variant),
      options,
    )) {
      const one = left.shift();
      if (one === undefined) return;
      if (made instanceof Problem) yield* failures([one], made, options.signal);
      else yield line(one.spec, "made", made, performance.now() - started);
      started = performance.now();
    }
  } catch (error) {
    yield* failures(left, error, options.signal);
  }
}

function* failures(left: readonly Wanted[], error: unknown, signal: AbortSignal): Generator<WarmLine> {
  signal.throwIfAborted();
  const problem = apiProblem(error);
  for (const { spec } of left) yield { variant: spec, status: "failed", ms: 0, problem };
}

function line(variant: VariantSpec, status: "hit" | "made", { body, meta }: Entry, ms: number): WarmLine {
  const { contentType: type, validator } = meta;
  return { variant, status, bytes: body.byteLength, type, v: versionOf(validator), ms: Math.round(ms) };
}
