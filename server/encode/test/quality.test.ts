import { expect, test } from "vitest";
import { qualityFor } from "../child/quality.ts";

const all = Array.from({ length: 100 }, (_, index) => index + 1);

const warm = { jpg: 1, webp: 6, avif: 3 };
const live = { jpg: 0, webp: 4, avif: 1 };

test("q is the quality of a JPEG by mozjpeg, as a whole number", () => {
  expect(all.map((q) => qualityFor("jpg", q, warm.jpg))).toEqual(all);
});

test.each(
  [live, warm].flatMap((efforts) =>
    (["jpg", "webp", "avif"] as const).map((format) => [format, efforts[format]] as const),
  ),
)(
  "in %s at effort %i a higher q is never a lower quality, and all values are whole and in range",
  (format, effort) => {
    const own = all.map((q) => qualityFor(format, q, effort));
    expect(own).toEqual([...own].sort((a, b) => a - b));
    for (const quality of own) expect(Number.isInteger(quality) && quality >= 1 && quality <= 100).toBe(true);
    expect(new Set(own).size).toBeGreaterThan(70);
  },
);
