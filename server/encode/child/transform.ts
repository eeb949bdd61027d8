import { Problem } from "../../errors.ts";
import type { Encoded, Output } from "../encoder.ts";
import { outOfMemory } from "../memory/estimate.ts";
import { isOutOfMemory } from "../memory/memory-limit.ts";
import { asItIs, encode } from "./encoders.ts";
import { damaged, isDecodable, type Original, openOriginal, type readEarly } from "./original.ts";
import { losslessPlans, type Plan, planOutput, type TransformOptions } from "./plan.ts";
import { Tiers, toTier } from "./resize.ts";

/**
 * Makes the outputs of one original, in order. Runs only in a child process: a decoder of strangers' bytes may hang or
 * crash, and only a process can be killed.
 * @throws Problem `unreadable-source`, or `impossible-variant` where only this output cannot be made.
 */
export async function* transform(
  bytes: Uint8Array,
  options: TransformOptions,
  early?: ReturnType<typeof readEarly>,
): AsyncGenerator<Encoded> {
  const original = await openOriginal(bytes, options.limits, early);
  const tiers = new Tiers(original, options);
  for (const output of options.outputs) {
    try {
      yield await make(planOutput(original, output, options), original, tiers);
    } catch (cause) {
      throw cause instanceof Problem ? cause : await faultOf(original, output, options, cause);
    }
  }
}

/** Whether a failed output is the original's fault, so that no other could be made either: only a decode tells. */
async function faultOf(
  original: Original,
  output: Output,
  { limits, memory }: TransformOptions,
  cause: unknown,
): Promise<Problem> {
  if (isOutOfMemory(cause)) return outOfMemory(memory, cause);
  if (!(await isDecodable(original, limits))) return damaged(original.type, cause);
  const { width = original.width, quality } = output;
  return new Problem("impossible-variant", {
    detail: `The photograph cannot be made ${width} pixels wide at q ${quality} in this format.`,
    cause,
  });
}

async function make(plan: Plan, original: Original, tiers: Tiers): Promise<Encoded> {
  if (plan.choice.format === "gif" && original.type === "image/gif") return asItIs(original, plan);
  if (plan.animated) return encode(toTier(original, plan), plan);
  if (!plan.holds) return encode(toTier(original, plan), plan);
  const { image, opaque, graphic } = await tiers.pixelsFor(plan);
  // Which format is best may depend on whether the alpha channel hides anything: only the pixels tell.
  const [settled, visible] = opaque ? [plan.withoutAlpha(), image.removeAlpha()] : [plan, image];
  if (!graphic) return encode(visible, settled);
  const made: Encoded[] = [];
  for (const one of [settled, ...losslessPlans(settled)]) made.push(await encode(visible.clone(), one));
  return made.reduce((best, one) => (one.body.length < best.body.length ? one : best));
}
