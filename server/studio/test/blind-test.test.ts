import { expect, test } from "vitest";
import { answered, type Blind, begin, PAIRS, suggestion } from "../page/blind-test.ts";

/** Someone who recognises each variant below a quality, and takes any other for the original. */
function played(visibleBelow: number): Blind {
  let at = 0;
  const random = () => (at++ % 2 === 0 ? 0.2 : 0.8);
  let blind = begin(random);
  while (suggestion(blind) === undefined) {
    const other = blind.originalIs === "left" ? "right" : "left";
    blind = answered(blind, blind.q < visibleBelow ? blind.originalIs : other, random);
  }
  return blind;
}

test("a blind test has five pairs and suggests a quality near the one at which a person sees a difference", () => {
  for (const visibleBelow of [25, 40, 55, 70, 80]) {
    const blind = played(visibleBelow);
    expect(blind.answers).toHaveLength(PAIRS);
    const suggested = suggestion(blind) ?? 0;
    expect(suggested).toBeGreaterThanOrEqual(visibleBelow);
    expect(suggested).toBeLessThan(visibleBelow + 12);
  }
});

test("a person who recognises every pair gets a quality above the last one, and one who recognises none the lowest", () => {
  expect(suggestion(played(101))).toBeGreaterThanOrEqual(85);
  expect(suggestion(played(0))).toBeLessThanOrEqual(15);
});
