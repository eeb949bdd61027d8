import { expect, test } from "vitest";
import { qualityFor } from "../child/quality.ts";

const all = Array.from({ length: 100 }, (_, index) => index + 1);

test("q is JPEG's own quality, as a whole number", () => {
  expect(all.map((q) => qualityFor("jpg", q))).toEqual(all);
});

test.each(["webp", "avif"] as const)(
  "in %s a higher q is never a lower quality, and all values are whole and in range",
  (format) => {
    const own = all.map((q) => qualityFor(format, q));
    expect(own).toEqual([...own].sort((a, b) => a - b));
    for (const quality of own) expect(Number.isInteger(quality) && quality >= 1 && quality <= 100).toBe(true);
    expect(new Set(own).size).toBeGreaterThan(70);
  },
);

test.each([
  [50, 52, 43],
  [55, 57, 46],
  [70, 73, 53],
  [80, 81, 59],
])("q %i looks like WebP %i and AVIF %i", (q, webp, avif) => {
  expect([qualityFor("webp", q), qualityFor("avif", q)]).toEqual([webp, avif]);
});
