import { expect, test } from "vitest";
import { compareNames, orderKeys } from "../order.ts";

test("names are ordered as a person expects, and the same on every machine", () => {
  const ordered = [
    "",
    "007.jpg",
    "7.jpg",
    "7a.jpg",
    "10.jpg",
    "99999999999999999998.jpg",
    "99999999999999999999.jpg",
    "alps/2.jpg",
    "alps/10.jpg",
    "alps/a/1.jpg",
    "alps/IMG_2.jpg",
    "alps/img_3.JPG",
    "alps/IMG_0010.jpg",
    "alps/IMG_010.jpg",
    "alps/IMG_10.jpg",
    "alps/IMG_10_2.jpg",
    "alps/IMG_10_11.jpg",
    "alps/Z.jpg",
    "alps/zebra.jpg",
    "alps/é.jpg",
    "alps/日.jpg",
    "alps/😀.jpg",
  ];
  for (const [at, one] of ordered.entries())
    for (const [where, other] of ordered.entries())
      expect([one, other, Math.sign(compareNames(one, other))]).toEqual([one, other, Math.sign(at - where)]);
});

test("photographs without a date are last, and equal dates are in the order of names, in both directions", () => {
  const dates: Readonly<Record<string, string>> = {
    "a.jpg": "2026-05-02T09:00:00+02:00",
    "b10.jpg": "2026-05-01T12:30:00",
    "b9.jpg": "2026-05-01T12:30:00Z",
    "c.jpg": "2026-05-01",
  };
  const keys = ["z.jpg", "b10.jpg", "a.jpg", "y.jpg", "c.jpg", "b9.jpg"];
  const dateOf = (key: string) => dates[key];
  expect(orderKeys(keys, "date", dateOf)).toEqual(["c.jpg", "b9.jpg", "b10.jpg", "a.jpg", "y.jpg", "z.jpg"]);
  expect(orderKeys(keys, "-date", dateOf)).toEqual(["a.jpg", "b9.jpg", "b10.jpg", "c.jpg", "y.jpg", "z.jpg"]);
  expect(orderKeys(["b.jpg", "a.jpg", "b.jpg"], "-name", dateOf)).toEqual(["b.jpg", "a.jpg"]);
});
