import { expect, test } from "vitest";
import { shownWidths } from "../layout.ts";

const widthsOf = (ratios: readonly number[], width: number): number[] => {
  const images = new Map(
    ratios.map((ratio, at) => [`${at}.jpg`, { width: ratio * 1000, height: 1000, version: "0123456789" }]),
  );
  return shownWidths(
    {},
    [...images.keys()].map((key) => [key]),
  ).map((shown) => Math.round(shown(width, images) ?? 0));
};

// The numbers of `sizes` in hugo-module/test/gallery.test.ts: 50rem * 1.246 and so on, for a text of 600 px.
test("photographs of rows are as wide as the sizes that a page has for them", () => {
  expect(widthsOf([1.5, 2 / 3, 5, 4 / 3], 600)).toEqual([600, 277, 600, 240]);
  expect(widthsOf([1.5, 2 / 3, 5, 4 / 3], 1000)).toEqual([624, 277, 1000, 277]);
});

test("the row of a photograph grows as much as it can until the next one has a place, and the last one does not grow", () => {
  expect(widthsOf([1.5, 1.5, 1.5, 1.5], 600)).toEqual([405, 405, 405, 270]);
  expect(widthsOf([0.5, 5, 1.5], 600)).toEqual([208, 600, 270]);
  expect(widthsOf([1.5], 600)).toEqual([270]);
});
