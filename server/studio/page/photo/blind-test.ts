/** Pairs of a blind test. */
export const PAIRS = 5;

export type Hand = "left" | "right";

/** A blind test so far: a search for the lowest quality that passes for the original. */
export interface Blind {
  /** Decides on which side each pair has the original. */
  readonly seed: number;
  /** The sides that were taken for the original. */
  readonly answers: readonly Hand[];
}

export interface Pair {
  readonly q: number;
  readonly originalIs: Hand;
}

const START = 50;
/** Halved after each pair: 20, 10, 5, 3. */
const FIRST_STEP = 20;

/** The pair after these answers: a variant that was recognised gave way to a higher quality, another one to a lower. */
export function pairOf({ seed, answers }: Blind): Pair {
  const q = answers.reduce((before, answer, at) => {
    const step = Math.ceil(FIRST_STEP / 2 ** at);
    return Math.min(95, Math.max(10, before + (answer === sideOf(seed, at) ? step : -step)));
  }, START);
  return { q, originalIs: sideOf(seed, answers.length) };
}

/** The lowest quality that was taken for the original; if each was recognised, a step above the last. Undefined before the end. */
export function suggestion(blind: Blind): number | undefined {
  const { seed, answers } = blind;
  if (answers.length < PAIRS) return undefined;
  const pairs = answers.map((_, at) => pairOf({ seed, answers: answers.slice(0, at) }));
  const passed = pairs.filter(({ originalIs }, at) => originalIs !== answers[at]);
  return passed.length === 0 ? pairOf(blind).q : Math.min(...passed.map(({ q }) => q));
}

const SEEDS = 2 ** 32;

/** @param random from 0 to 1. */
export function begin(random: () => number): Blind {
  return { seed: Math.floor(random() * SEEDS), answers: [] };
}

/** `lrl-1a2b3c`: the answers, and the seed in base 36. */
export function blindText({ seed, answers }: Blind): string {
  return `${answers.map((answer) => answer[0]).join("")}-${seed.toString(36)}`;
}

/** @returns undefined for what {@link blindText} does not write. */
export function blindIn(text: string): Blind | undefined {
  const [, letters = "", digits = ""] = /^([lr]*)-([0-9a-z]{1,7})$/.exec(text) ?? [];
  const answers = [...letters].map((letter): Hand => (letter === "l" ? "left" : "right"));
  const blind = { seed: Number.parseInt(digits, 36), answers };
  return answers.length <= PAIRS && blind.seed < SEEDS && blindText(blind) === text ? blind : undefined;
}

/** The same for a seed and a pair each time, and nothing that a person could foresee: the end of MurmurHash3. */
function sideOf(seed: number, pair: number): Hand {
  let bits = (seed + Math.imul(pair + 1, 0x9e37_79b9)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return ((bits ^ (bits >>> 16)) & 1) === 0 ? "left" : "right";
}
