import { Problem } from "../../errors.ts";
import type { Encoded, Output } from "../encoder.ts";
import { isOutOfMemory } from "../memory/memory-limit.ts";
import { encode } from "./encoders.ts";
import { isCropped } from "./frame.ts";
import { readCopyright } from "./metadata/copyright.ts";
import { damaged, findDecodable, type Original, openOriginal } from "./original/original.ts";
import { asItIs, passOn } from "./pass-on.ts";
import { losslessPlans, type Plan, planOutput, rivalPlans, type TransformOptions } from "./plan.ts";
import { Tiers, toTier } from "./resize.ts";

/**
 * Makes the outputs of one original, in order. Runs only in a child process: a decoder of untrusted bytes can hang or crash, and
 * only a process can be killed.
 * @throws Problem `unreadable-source`, or `impossible-variant` if only this output cannot be made.
 */
export async function* transform(bytes: Uint8Array, options: TransformOptions): AsyncGenerator<Encoded> {
  let original = await openOriginal(bytes, options.limits);
  let tiers = new Tiers(original, options);
  const copyright = options.keepCopyright ? await readCopyright(original.metadata) : undefined;
  const planning = { ...options, ...(copyright && { copyright }) };
  for (const output of options.outputs) {
    const makeOutput = async () =>
      original.passedOn === undefined
        ? make(planOutput(original, output, planning), original, tiers)
        : passOn(original, output, original.passedOn);
    try {
      yield await makeOutput();
    } catch (cause) {
      const found = await blame(original, output, options, cause);
      [original, tiers] = [found, new Tiers(found, options)];
      yield await makeOutput().catch((again: unknown) => {
        throw again instanceof Problem ? again : damaged(original, again);
      });
    }
  }
}

/**
 * Finds out whether a failed output is the original's fault, so that no other can be made either: only a decode shows it.
 * @returns the original, without damage that browsers ignore, for a second try.
 * @throws Problem otherwise.
 */
async function blame(
  original: Original,
  output: Output,
  { limits }: TransformOptions,
  cause: unknown,
): Promise<Original> {
  if (cause instanceof Problem || isOutOfMemory(cause)) throw cause;
  const found = await findDecodable(original, limits);
  if (found === undefined) throw damaged(original, cause);
  if (found === original) throw impossible(original, output, cause);
  return found;
}

function impossible(
  original: Original,
  { width = original.width, quality }: Output,
  cause: unknown,
): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem("impossible-variant", {
    detail: `This format cannot hold the photograph at a width of ${width} pixels and q ${quality}.`,
    cause,
  });
}

async function make(plan: Plan, original: Original, tiers: Tiers): Promise<Encoded> {
  if (plan.choice.format === "gif" && original.type === "image/gif" && !isCropped(plan.frame))
    return asItIs(original, plan.choice.substitute);
  if (plan.animated) return encode(toTier(original, plan), plan);
  if (!plan.holds) return encode(toTier(original, plan), plan);
  const { image, opaque, graphic, encoded } = await tiers.pixelsFor(plan);
  // The best format can depend on whether the alpha channel is opaque: only the pixels show it.
  const [settled, visible] = opaque ? [plan.withoutAlpha(), image.removeAlpha()] : [plan, image];
  const attempt = (one: Plan) => once(encoded, one, () => encode(visible.clone(), one));
  let best = await attempt(settled);
  for (const one of [...(graphic ? losslessPlans(settled) : []), ...rivalPlans(settled)]) {
    // Another format is only an attempt to save bytes: if it fails, there is still the other result.
    const made = await attempt(one).catch(() => best);
    if (made.body.length < best.body.length) best = made;
  }
  return best;
}

/** A format that has lost against another one for some readers is what other readers get. */
async function once(
  encoded: Map<string, Encoded>,
  plan: Plan,
  encode: () => Promise<Encoded>,
): Promise<Encoded> {
  const { choice, quality, effort, lossless } = plan;
  const name = [choice.format, quality, effort, lossless].join(" ");
  const made = encoded.get(name) ?? (await encode());
  encoded.set(name, made);
  return { ...made, substitute: choice.substitute };
}
