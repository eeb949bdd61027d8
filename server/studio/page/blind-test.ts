/** Pairs of a blind test. */
export const PAIRS = 5;

/** The state of a blind test: a search for the lowest quality that passes for the original. */
export interface Blind {
  /** Of the current pair. */
  readonly q: number;
  readonly originalIs: "left" | "right";
  readonly answers: readonly { readonly q: number; readonly isRight: boolean }[];
}

const START = 50;
/** Halved after each pair: 20, 10, 5, 3. */
const FIRST_STEP = 20;

/** @param random from 0 to 1. */
export function begin(random: () => number): Blind {
  return { q: START, originalIs: sideOf(random), answers: [] };
}

/** The test after one more answer: a variant that was recognised gets a higher quality, another one a lower. */
export function answered(blind: Blind, side: "left" | "right", random: () => number): Blind {
  const isRight = side === blind.originalIs;
  const step = Math.ceil(FIRST_STEP / 2 ** blind.answers.length);
  const q = Math.min(95, Math.max(10, blind.q + (isRight ? step : -step)));
  return { q, originalIs: sideOf(random), answers: [...blind.answers, { q: blind.q, isRight }] };
}

/** The lowest quality that was taken for the original; if each was recognised, a step above the last. Undefined before the end. */
export function suggestion({ q, answers }: Blind): number | undefined {
  if (answers.length < PAIRS) return undefined;
  const passed = answers.filter(({ isRight }) => !isRight).map((answer) => answer.q);
  return passed.length === 0 ? q : Math.min(...passed);
}

function sideOf(random: () => number): Blind["originalIs"] {
  return random() < 0.5 ? "left" : "right";
}
