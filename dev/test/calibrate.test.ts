import { expect, test } from "vitest";
import { qualityFor, sizes } from "../../server/encode/child/quality.ts";
import { type Curve, efforts, widths } from "../calibrate/curves.ts";
import { offAt, rows } from "../calibrate/fit.ts";

/** A WebP whose score is half its quality, and more by an amount at each width; the JPEG beside it has 20 points. */
function curvesOf(photo: string, more: readonly number[]): Curve[] {
  return more.flatMap((points, at) => {
    const of = { photo, width: widths[at] ?? 0, lane: "warm" } as const;
    const qualities = [20, 30, 40, 50, 60];
    return [
      { ...of, format: "jpg", points: qualities.map((quality) => [quality, 20] as const) },
      { ...of, format: "webp", points: qualities.map((quality) => [quality, quality / 2 + points] as const) },
    ];
  });
}

/** What such a WebP has more than its JPEG, at the table's rows. */
function moreAt(width: (typeof widths)[number], points: number): number[] {
  const pixels = sizes[widths.indexOf(width)] ?? 0;
  return rows.map((q) => qualityFor("webp", q, efforts.webp.warm, pixels) / 2 + points - 20);
}

test("calibrate says how far a row is off, and the quality that is right", () => {
  const { photos, points, wanted } = offAt(curvesOf("a", [4]), "webp", "warm", 400);
  expect(photos).toBe(1);
  expect(points).toEqual(moreAt(400, 4));
  expect(wanted.map(Math.round)).toEqual(rows.map(() => 32));
});

test("calibrate takes the mean of all photographs at 400 px, and the change with the width of those that are wide enough", () => {
  const curves = [...curvesOf("wide", [4, 6]), ...curvesOf("narrow", [-4])];
  expect(offAt(curves, "webp", "warm", 400).points).toEqual(moreAt(400, 0));
  expect(offAt(curves, "webp", "warm", 800)).toMatchObject({ photos: 1, points: moreAt(800, 2) });
});
