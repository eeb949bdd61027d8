import { expect, test } from "vitest";
import { offsetAt } from "../tuning.ts";

const offsets = [
  { w: 400, q: 30, offset: 10 },
  { w: 400, q: 50, offset: 0 },
  { w: 1600, q: 30, offset: 20 },
  { w: 1600, q: 50, offset: 2 },
];

test("a photograph's offset is linear in q and in the logarithm of the width between the places where it was measured", () => {
  const at = (q: number, width: number) => offsetAt(offsets, { q, width });
  expect([at(30, 400), at(40, 400), at(50, 400)]).toEqual([10, 5, 0]);
  expect([at(30, 800), at(40, 800), at(50, 800)]).toEqual([15, 8, 1]);
});

test("beyond the places where it was measured, the offset is that of the nearest one", () => {
  expect(offsetAt(offsets, { q: 1, width: 16 })).toBe(10);
  expect(offsetAt(offsets, { q: 100, width: 3_840 })).toBe(2);
  expect(offsetAt(offsets.slice(0, 1), { q: 80, width: 800 })).toBe(10);
  expect(offsetAt([], { q: 80, width: 800 })).toBeUndefined();
});
