import { expect, test } from "vitest";
import { qualityFor } from "../child/quality.ts";

const all = Array.from({ length: 100 }, (_, index) => index + 1);
/** From an icon to a picture of 24 megapixels. */
const pixels = [1_000, 107_000, 200_000, 427_000, 1_000_000, 1_707_000, 24_000_000];

const warm = { jpg: 1, webp: 6, avif: 3 };
const live = { jpg: 0, webp: 4, avif: 1 };

test("q is the quality of a JPEG by mozjpeg at every size, as a whole number", () => {
  for (const many of pixels) expect(all.map((q) => qualityFor("jpg", q, warm.jpg, many))).toEqual(all);
});

test.each(
  [live, warm].flatMap((efforts) =>
    (["jpg", "webp", "avif"] as const).map((format) => [format, efforts[format]] as const),
  ),
)(
  "in %s at effort %i a higher q is never a lower quality at any size, and all values are whole and in range",
  (format, effort) => {
    for (const many of pixels) {
      const own = all.map((q) => qualityFor(format, q, effort, many));
      expect(own).toEqual([...own].sort((a, b) => a - b));
      for (const quality of own)
        expect(Number.isInteger(quality) && quality >= 1 && quality <= 100).toBe(true);
      expect(new Set(own).size).toBeGreaterThan(70);
    }
  },
);

test("between two sizes the quality changes steadily with the pixels, and beyond the ends not at all", () => {
  const at = (many: number): number => qualityFor("webp", 90, warm.webp, many);
  const [small, medium, large] = [at(107_000), at(427_000), at(1_707_000)];
  expect(small).toBeLessThan(large);
  expect([at(1), at(1e9)]).toEqual([small, large]);
  const between = at(Math.sqrt(107_000 * 427_000));
  expect(Math.abs(between - (small + medium) / 2)).toBeLessThan(1);
});
