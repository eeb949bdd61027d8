import { expect, test } from "vitest";
import { kneeOf, type Point } from "../page/photo/knee.ts";

const at = (q: number, bytes: number, score: number): Point => ({ q, bytes, score });

test("the knee is where more bytes begin to buy little", () => {
  const bend = at(50, 30, 75);
  expect(kneeOf([at(20, 10, 40), at(35, 20, 62), bend, at(70, 60, 80), at(90, 100, 84)])).toBe(bend);
});

test("a straight line, a falling one and a single point have no knee", () => {
  expect(kneeOf([at(20, 10, 40), at(50, 20, 50), at(90, 30, 60)])).toBeUndefined();
  expect(kneeOf([at(20, 10, 40), at(90, 30, 20)])).toBeUndefined();
  expect(kneeOf([at(20, 10, 40)])).toBeUndefined();
  expect(kneeOf([])).toBeUndefined();
});
