import { Problem } from "../../../errors.ts";
import type { SourceLimits } from "../../limits.ts";
import { nameProblem } from "../../name-problem.ts";
import { damaged, decode, makeOrMend, type Original, openOriginal } from "../original/original.ts";
import { toSrgb } from "../resize.ts";
import type { Pixels } from "./rows.ts";
import { LEAST_SIDE, ssimulacra2 } from "./ssimulacra2.ts";

export interface ScoreOptions {
  readonly limits: SourceLimits;
  /** The memory that it may use, in bytes, in addition to that of a child at rest. */
  readonly memory: number;
  /** Length of the original; the picture follows it. */
  readonly originalBytes: number;
  /** Names of the two in error messages. */
  readonly names: readonly [string, string];
}

/**
 * Scores a picture against its original. Runs only in a child process.
 * @param both the two files, one after the other.
 * @throws Problem the same as {@link Encoder.score}.
 */
export async function scorePictures(both: Uint8Array, options: ScoreOptions): Promise<number> {
  const { originalBytes, names } = options;
  // A copy: completing a cut file writes behind its end, where the other file begins.
  const original = await open(both.slice(0, originalBytes), names[0], options);
  const picture = await open(both.subarray(originalBytes), names[1], options);
  const problem = sizeProblem(original, picture, names);
  if (problem !== undefined) throw new Problem("impossible-variant", { detail: problem });
  return ssimulacra2(await pixelsOf(original, names[0], options), await pixelsOf(picture, names[1], options));
}

function sizeProblem(
  original: Original,
  picture: Original,
  names: readonly [string, string],
): string | undefined {
  const [size, other] = [original, picture].map(({ width, height }) => `${width} × ${height} pixels`);
  if (size !== other)
    return `${names[0]} has ${size}, ${names[1]} has ${other}: two pictures of one size can be compared.`;
  if (Math.min(original.width, original.height) < LEAST_SIDE)
    return `${names[0]} has ${size}: a score takes at least ${LEAST_SIDE} × ${LEAST_SIDE}.`;
  return undefined;
}

/** @throws Problem `unreadable-source`, or `impossible-variant` for an animation, which is more than one picture. */
function open(bytes: Uint8Array, name: string, { limits }: ScoreOptions): Promise<Original> {
  return named(name, async () => {
    const original = await openOriginal(bytes, limits);
    if (original.frames === 1) return original;
    throw new Problem("impossible-variant", {
      detail: `It has ${original.frames} frames: only pictures that do not move can be compared.`,
    });
  });
}

function pixelsOf(original: Original, name: string, { limits }: ScoreOptions): Promise<Pixels> {
  return named(name, () =>
    makeOrMend(original, limits, async (one) => {
      const { data, info } = await toSrgb(decode(one, limits, false))
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { data, ...info };
    }).catch((cause: unknown) => {
      throw cause instanceof Problem ? cause : damaged(original, cause);
    }),
  );
}

/** Adds which of the two pictures a problem is about. */
async function named<Made>(name: string, make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (cause) {
    throw nameProblem(name, cause);
  }
}
