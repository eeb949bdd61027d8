import type { VariantClass } from "../cache/cache.ts";
import { Problem } from "../errors.ts";
import { effortFor } from "./effort.ts";
import type { Lane, Output } from "./encoder.ts";
import { type Choice, chooseFormat } from "./format.ts";
import type { SourceLimits } from "./limits.ts";
import type { Original } from "./original.ts";
import type { Rights } from "./rights.ts";

export interface TransformOptions {
  readonly outputs: readonly Output[];
  readonly lane: Lane;
  readonly limits: SourceLimits;
  /** 0 to 9 instead of what suits the lane. */
  readonly effort?: number;
  /** Whether copyright, artist and licence go out with the picture; nothing else ever does. */
  readonly keepRights?: boolean;
}

/** What is to be done for one output. */
export interface Plan {
  readonly asked: VariantClass;
  readonly choice: Choice;
  readonly lossless: boolean;
  readonly rights: Rights | undefined;
  readonly quality: number;
  readonly effort: number;
  /** Pixels of the output; the height before libvips rounds it. */
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
  readonly limits: SourceLimits;
  /** The plan if it turns out that the alpha channel hides nothing. */
  readonly withoutAlpha: () => Plan;
}

/** @throws Problem `impossible-variant` when an explicit format cannot hold the picture. */
export function planOutput(original: Original, output: Output, options: TransformOptions): Plan {
  const { lane, limits } = options;
  const width = widthOf(original, output);
  const height = Math.max(1, Math.round((original.height * width) / original.width));
  const picture = { width, height, alpha: original.alpha, animated: original.frames > 1 };
  const choice = chooseFormat(output.class, picture, lane);
  if (choice === undefined)
    throw new Problem("impossible-variant", {
      detail: `A picture of ${width}×${height} pixels is too large for ${output.class}; ask for a narrower one.`,
    });
  return {
    ...{ asked: output.class, choice, lossless: false, width, height, limits },
    rights: options.keepRights ? original.rights : undefined,
    quality: output.quality,
    effort: effortFor(choice.format, lane, (width * height) / 1e6, options.effort),
    animated: picture.animated && (choice.format === "webp" || choice.format === "gif"),
    withoutAlpha: () => planOutput({ ...original, alpha: false }, output, options),
  };
}

/** Never enlarged. */
export function widthOf(original: Original, output: Output): number {
  return Math.min(output.width ?? original.width, original.width);
}

/** Line art keeps its edges where that costs nothing: a lossless format may be tried, and the smaller one goes out. */
export function losslessPlans(plan: Plan): Plan[] {
  const { format } = plan.choice;
  const asWebp = format === "webp" || (format === "avif" && plan.asked === "auto-aw");
  const asPng = format === "png" || (format === "jpg" && plan.asked === "auto");
  if (!asWebp && !asPng) return [];
  return [{ ...plan, lossless: true, choice: { ...plan.choice, format: asWebp ? "webp" : "png" } }];
}
