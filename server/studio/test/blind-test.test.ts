import { expect, test } from "vitest";
import {
  type Blind,
  begin,
  blindIn,
  blindText,
  PAIRS,
  pairOf,
  suggestion,
} from "../page/photo/blind-test.ts";

/** Someone who recognises each variant below a quality, and takes any other for the original. */
function played(visibleBelow: number, seed: number): Blind {
  let blind = begin(() => seed);
  while (suggestion(blind) === undefined) {
    const { q, originalIs } = pairOf(blind);
    const other = originalIs === "left" ? "right" : "left";
    blind = { ...blind, answers: [...blind.answers, q < visibleBelow ? originalIs : other] };
  }
  return blind;
}

test("a blind test has five pairs and suggests a quality near the one at which a person sees a difference", () => {
  for (const [at, visibleBelow] of [25, 40, 55, 70, 80].entries()) {
    const blind = played(visibleBelow, at / 5);
    expect(blind.answers).toHaveLength(PAIRS);
    const suggested = suggestion(blind) ?? 0;
    expect(suggested).toBeGreaterThanOrEqual(visibleBelow);
    expect(suggested).toBeLessThan(visibleBelow + 12);
  }
});

test("a person who recognises every pair gets a quality above the last one, and one who recognises none the lowest", () => {
  expect(suggestion(played(101, 0.3))).toBeGreaterThanOrEqual(85);
  expect(suggestion(played(0, 0.3))).toBeLessThanOrEqual(15);
});

test("the original is about as often on the left as on the right, in each pair", () => {
  for (let pair = 0; pair < PAIRS; pair++) {
    const answers = Array.from({ length: pair }, () => "left" as const);
    const lefts = Array.from({ length: 400 }, (_, at) => pairOf({ ...begin(() => at / 400), answers }));
    const count = lefts.filter(({ originalIs }) => originalIs === "left").length;
    expect(count).toBeGreaterThan(150);
    expect(count).toBeLessThan(250);
  }
});

test("a text that is no blind test is none", () => {
  expect(blindText({ seed: 35, answers: ["left", "right"] })).toBe("lr-z");
  for (const text of ["", "lr", "lr-", "lrx-z", "lrlrlr-z", "-0z", "-zzzzzzz", "-1Z", "L-z"])
    expect(blindIn(text)).toBeUndefined();
});
